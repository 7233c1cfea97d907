"""What keeps a verb from doing what it was asked, and where the way out is written down."""

from collections.abc import Sequence

RUNBOOK = "docs/runbooks/replace-a-pinned-machine.md"
"""What to do when a machine that is taken over is gone."""

LOCKED_OUT_RUNBOOK = "docs/runbooks/locked-out.md"
"""What to do when a host cannot be reached."""

HOST_KEY_RUNBOOK = "docs/runbooks/host-key-changed.md"
"""What to do when a host has another key than the pinned one."""

IGNORES = "catalog/drift_ignores.yaml"
"""Where deviations are named that are borne for a while."""


class AccountError(RuntimeError):
    """The account cannot be read; the message says why and what to do."""


class AccessError(RuntimeError):
    """This computer cannot come in to a stack's hosts; the message says why and what to do."""


class StateError(RuntimeError):
    """A stack's state cannot be read; the message says why and what to do."""


class InputError(ValueError):
    """An argument is wrong; the message says what it is and names the choices."""


class PolicyError(RuntimeError):
    """Policies refuse the stack; nothing was changed.

    Args:
        refusals: each with rule, resource, what is wrong and what to do.
    """

    def __init__(self, refusals: Sequence[str]) -> None:
        self.refusals = tuple(refusals)
        super().__init__("; ".join(refusals))


class AsleepError(RuntimeError):
    """The stack cannot sleep, or be asked what a sleeping one cannot tell; the message says why."""


class SecretsError(RuntimeError):
    """Secrets cannot be read or written.

    Args:
        message: why, and what to do; it shows no value.
        status: what the service answered; 0 where it did not.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)
