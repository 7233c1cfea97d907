"""What the server refuses, and what to do about it."""

from typing import Final

import httpx

from providers.kit import ProviderError

OK: Final = 200
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
CONFLICT: Final = 409
UNPROCESSABLE: Final = 422
TOO_MANY_REQUESTS: Final = 429
SERVER_ERROR: Final = 500
NO_ANSWER: Final = 0
_LONGEST: Final = 400

_REMEDIES: Final = {
    UNAUTHORIZED: "set WEAVIATE_API_KEY to a key that this server knows",
    FORBIDDEN: "use a key whose role may do this",
    TOO_MANY_REQUESTS: "the server's limit is reached: raise it (MAXIMUM_ALLOWED_COLLECTIONS_COUNT and such), or wait",
    503: "the server is read-only or not ready: look at its /v1/.well-known/ready and OPERATIONAL_MODE, and try again",
    NO_ANSWER: "check the network, url (WEAVIATE_URL) and grpcUrl (WEAVIATE_GRPC_URL), and run again: it goes on",
}


class ApiError(ProviderError):
    """A request that the server did not carry out, or of which nobody knows whether it did.

    Args:
        request: method and path; never a header or a body.
        status: of HTTP; 0 when there was no answer.
        message: the server's.
    """

    def __init__(self, request: str, status: int, message: str) -> None:
        self.status = status
        self.message = message
        told = f"{status} {message}".strip() if status else message
        failed = "the server failed: look into its log, and run again" if status >= SERVER_ERROR else "correct it"
        super().__init__(f"{request}: {told}", _REMEDIES.get(status, failed))

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in {NO_ANSWER, TOO_MANY_REQUESTS} or self.status >= SERVER_ERROR


def from_answer(request: str, response: httpx.Response) -> ApiError:
    """Return the error that a response other than 2xx tells of, with the server's words on one line.

    It answers in two forms: its own, and that of the library that reads requests (`entities/models/error_response.go`,
    `go-openapi/errors`).
    """
    return ApiError(request, response.status_code, " ".join(_message(response).split())[:_LONGEST])


def _message(response: httpx.Response) -> str:
    try:
        told = response.json()
        if "message" in told:
            return str(told["message"])
        return "; ".join(str(one["message"]) for one in told["error"])
    except (ValueError, KeyError, TypeError):
        return ""
