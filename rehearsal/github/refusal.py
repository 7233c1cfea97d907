"""How the API refuses."""

from collections.abc import Mapping
from typing import Any, NoReturn

from starlette.responses import JSONResponse, Response

_DOCUMENTATION = "https://docs.github.com/rest"


class ApiError(Exception):
    """A refusal.

    Args:
        status: its HTTP status.
        message: what it says.
        errors: what is wrong with which field.
        headers: what it says beside.
    """

    def __init__(
        self,
        status: int,
        message: str,
        errors: tuple[Mapping[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.errors, self.headers = status, message, errors, headers or {}

    def response(self) -> Response:
        """Return it as an answer."""
        document: dict[str, Any] = {"message": self.message, "documentation_url": _DOCUMENTATION}
        if self.errors:
            document["errors"] = [dict(one) for one in self.errors]
        return JSONResponse(document, status_code=self.status, headers=dict(self.headers))


def missing() -> NoReturn:
    """Refuse because something is not there, or the token may not see it, which is the same.

    Raises:
        ApiError: always.
    """
    raise ApiError(404, "Not Found")


def invalid(resource: str, field: str, code: str, message: str = "") -> NoReturn:
    """Refuse a request that makes no sense.

    Raises:
        ApiError: always.
    """
    error = {"resource": resource, "field": field, "code": code} | ({"message": message} if message else {})
    raise ApiError(422, "Validation Failed", (error,))
