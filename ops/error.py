"""What keeps a verb from reading the account or a stack's state."""


class AccountError(RuntimeError):
    """The account cannot be read; the message says why and what to do."""


class StateError(RuntimeError):
    """A stack's state cannot be read; the message says why and what to do."""
