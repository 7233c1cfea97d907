"""What keeps the provider from a host, what fails on it, and what to do about it.

ProviderError
├── UnreachableError        nothing can be done on the host; `trouble` says why in few words
│   ├── HostKeyError        another host key than the pinned one
│   ├── AuthenticationError the host admits neither this user nor this key
│   └── SudoError           the user does not become root
└── StepError               a step failed on the host
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from providers.kit import ProviderError

MOST_LINES: Final = 15


class UnreachableError(ProviderError):
    """Nothing can be done on a host: no address answers, or the connection was cut.

    Args:
        host: its addresses.
        step: what was to be done.
        trouble: why not, in a few words without the name of the host.
        remedy: what to do about it.
    """

    def __init__(
        self,
        host: str,
        step: str,
        trouble: str = "no address answers",
        remedy: str = "check that the machine runs and its firewall admits you, then run again",
    ) -> None:
        super().__init__(f"{host}: {step}: {trouble}", remedy)
        self.trouble = trouble


class HostKeyError(UnreachableError):
    """A host has another key than the pinned one.

    Args:
        host: its addresses.
        step: what was to be done.
        seen: fingerprint of the key that the host has.
        pinned: fingerprint of the key it must have.
    """

    def __init__(self, host: str, step: str, *, seen: str, pinned: str) -> None:
        trouble = f"host key is {seen}, pinned is {pinned}"
        remedy = (
            "if the machine was not reinstalled, somebody may be in between: stop; otherwise give its new host key "
            "(docs/runbooks/host-key-changed.md)"
        )
        super().__init__(host, step, trouble, remedy)


class AuthenticationError(UnreachableError):
    """A host admits neither this user nor this key.

    Args:
        host: its addresses.
        step: what was to be done.
        user: who was to log in.
    """

    def __init__(self, host: str, step: str, *, user: str) -> None:
        remedy = (
            f"check that {user!r} exists there and its authorized_keys hold the public half of HOST_SSH_PRIVATE_KEY"
        )
        super().__init__(host, step, "authentication refused", remedy)


class SudoError(UnreachableError):
    """The user logs in, and does not become root.

    Args:
        host: its addresses.
        step: what was to be done.
        why: what sudo refuses.
        remedy: what to do about it.
    """

    def __init__(self, host: str, step: str, why: str, remedy: str) -> None:
        super().__init__(host, step, why, remedy)


class StepError(ProviderError):
    """A step failed on a host.

    Args:
        host: its addresses.
        step: what was to be done.
        what: what failed, with the names of the things concerned; never a secret.
        remedy: what to do about it.
        lines: the last lines of the log concerned.
    """

    def __init__(self, host: str, step: str, what: str, remedy: str, lines: Sequence[str] = ()) -> None:
        tail = "".join(f"\n    {line}" for line in lines[-MOST_LINES:])
        super().__init__(f"{host}: {step}: {what}", f"{remedy}{tail}")


def failed(host: str, step: str, error: Mapping[str, Any]) -> StepError:
    """Return the error that a program on a host answers with.

    Args:
        host: its addresses.
        step: what was to be done.
        error: what it says: `what`, `remedy` and perhaps `lines`.
    """
    return StepError(host, step, error["what"], error["remedy"], error.get("lines", ()))
