"""Speaking to Vercel's API: one token, one team, and errors in the words of the API."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from providers.kit import ProviderError

Json = dict[str, Any]
"""An object of JSON."""

_SECONDS: Final = 30.0
_NOT_FOUND: Final = 404
_REMEDIES: Final[Mapping[int, str]] = {
    401: "set VERCEL_API_TOKEN to a token that is still valid; nothing was changed",
    403: "give the token's owner a role in that team, or correct sites.team; nothing was changed",
    409: "see who has it at vercel.com, and remove it there first; nothing of theirs was changed",
    429: "wait for a minute, and run the command again",
}
_AGAIN: Final = "run the command again; what was done is kept"


class Client:
    """Vercel's API, for one team.

    Args:
        url: where it is, without a path.
        token: sent as a bearer token, and nowhere else.
        team: the team's id; empty for the account of the token itself.
    """

    def __init__(self, url: str, token: str, team: str) -> None:
        self.team = team
        self._http = httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=_SECONDS, trust_env=False
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def find(self, path: str, **query: str) -> Json | None:
        """Return what is there; None where the API itself says that nothing is.

        Raises:
            ProviderError: it refuses, or does not answer.
        """
        answer = await self._sent("GET", path, None, query)
        return None if answer.status_code == _NOT_FOUND else _content(answer, f"GET {path}")

    async def send(self, method: str, path: str, body: Any = None, **query: str) -> Json:
        """Return what the API answers to a change.

        Raises:
            ProviderError: it refuses, or does not answer.
        """
        return _content(await self._sent(method, path, body, query), f"{method} {path}")

    async def remove(self, path: str, **query: str) -> None:
        """Remove something; what is gone already is removed.

        Raises:
            ProviderError: it refuses, or does not answer.
        """
        answer = await self._sent("DELETE", path, None, query)
        if answer.status_code != _NOT_FOUND:
            _content(answer, f"DELETE {path}")

    async def _sent(self, method: str, path: str, body: Any, query: Mapping[str, str]) -> httpx.Response:
        told = {**query, **({"teamId": self.team} if self.team else {})}
        try:
            return await self._http.request(method, path, params=told, json=body)
        except httpx.HTTPError as error:
            what = f"Vercel's API: no answer to {method} {path} ({type(error).__name__})"
            raise ProviderError(what, _AGAIN) from None


def _content(answer: httpx.Response, asked: str) -> Json:
    if answer.is_success:
        found: Json = answer.json() if answer.content else {}
        return found
    try:
        error = answer.json()["error"]
        said = f"{error['code']}: {error['message']}"
    except (ValueError, KeyError, TypeError):
        said = f"status {answer.status_code}"
    what = f"Vercel's API: {asked}: {said}"
    raise ProviderError(what, _REMEDIES.get(answer.status_code, _AGAIN))
