"""What users see when something fails: one line that says what, and what to do."""


class ProviderError(Exception):
    """Something failed in a way the user can act on; its text is all that reaches them.

    Args:
        what: what failed, with the names of the things concerned; never a secret.
        remedy: what to do about it.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


class UndisclosedError(ValueError):
    """A value breaks a rule and may be a secret in the wrong place: a validator raises it, and nobody prints the value.

    Args:
        rule: what is wrong and what to do, without the value.
    """
