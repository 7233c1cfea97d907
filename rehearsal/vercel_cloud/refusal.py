"""How the API refuses."""

from typing import NoReturn


class ApiError(Exception):
    """A refusal.

    Args:
        status: its HTTP status.
        code: its code.
        message: what it says.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def missing(what: str) -> NoReturn:
    """Refuse because something is not there.

    Raises:
        ApiError: always.
    """
    raise ApiError(404, "not_found", f"{what} not found")


def bad(message: str) -> NoReturn:
    """Refuse a request that makes no sense.

    Raises:
        ApiError: always.
    """
    raise ApiError(400, "bad_request", f"Invalid request: {message}")


def conflict(message: str) -> NoReturn:
    """Refuse a request that something there contradicts.

    Raises:
        ApiError: always.
    """
    raise ApiError(409, "conflict", message)


def forbid(what: str) -> NoReturn:
    """Refuse whoever may not do it.

    Raises:
        ApiError: always.
    """
    raise ApiError(403, "forbidden", f"Not authorized: {what}")
