"""The client of what lies behind the API: how a person or a test changes the account, and sees what was asked of it."""

import ssl
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts no certificate: it speaks plain HTTP, and to read all trusted certificates takes 20 ms each time."""
_SECONDS = 10.0


class Control:
    """Changes the account behind the back of whoever manages it.

    Args:
        url: where the API is.
        token: its token.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url, self._headers = url, {"Authorization": f"Bearer {token}"}

    def account(self) -> dict[str, Any]:
        """Return all that the team has."""
        found: dict[str, Any] = self._asked("account", None)
        return found

    def log(self) -> list[dict[str, str]]:
        """Return all that was asked of the API since it runs: method and path."""
        found: list[dict[str, str]] = self._asked("log", None)
        return found

    def change(self, project: str, **settings: Any) -> None:
        """Change settings of a project, by the API's names."""
        self._asked("settings", {"project": project, "settings": settings})

    def stage(self, project: str, *, staged: bool) -> None:
        """Make a project have rules that somebody staged and did not publish, or none."""
        self._asked("draft", {"project": project, "staged": staged})

    def claim(self, host: str, text: str) -> None:
        """Make another team have a host as well, so that it has to be proven by a text."""
        self._asked("claim", {"host": host, "text": text})

    def prove(self, host: str) -> None:
        """Make the API have seen that a host is ours."""
        self._asked("proven", {"host": host})

    def reset(self) -> None:
        """Make the account be as it was born, and forget what was asked."""
        self._asked("reset", {})

    def fail(self, statuses: Sequence[int]) -> None:
        """Make the next requests fail with these statuses."""
        self._asked("faults", {"statuses": [*statuses]})

    def _asked(self, what: str, body: Mapping[str, Any] | None) -> Any:
        with httpx.Client(trust_env=False, verify=_NOBODY, timeout=_SECONDS, headers=self._headers) as http:
            url = f"{self._url}/control/{what}"
            answer = http.get(url) if body is None else http.post(url, json=body)
            return answer.raise_for_status().json()


def answers(url: str) -> bool:
    """Return whether the API answers.

    Args:
        url: where it is.
    """
    try:
        return httpx.get(f"{url}/healthz", trust_env=False, verify=_NOBODY, timeout=1.0).is_success
    except httpx.HTTPError:
        return False
