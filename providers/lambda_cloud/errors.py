"""What the API refuses, and what to do about it."""

import re
from typing import Final

import httpx

from providers.kit import ProviderError

GONE: Final = "global/object-does-not-exist"
DUPLICATE: Final = "global/duplicate"
INSUFFICIENT_CAPACITY: Final = "instance-operations/launch/insufficient-capacity"
FILE_SYSTEM_IN_USE: Final = "filesystems/filesystem-in-use"
FILE_SYSTEM_IN_WRONG_REGION: Final = "instance-operations/launch/file-system-in-wrong-region"
RULESET_IN_USE: Final = "firewall-rulesets/firewall-ruleset-in-use"

# Codes of our own, for what the API's specification does not describe.
UNSENT: Final = "no-connection"
NO_ANSWER: Final = "no-answer"
UNREADABLE: Final = "unreadable-answer"
RATE_LIMITED: Final = "rate-limited"
UNKNOWN: Final = "unknown"

TOO_MANY_REQUESTS: Final = 429
CONFLICT: Final = 409
SERVER_ERROR: Final = 500
# A server that asks for a longer pause is asked again after this one.
LONGEST_PAUSE_SECONDS: Final = 60.0

KEY_REMEDY = "set LAMBDA_CLOUD_API_KEY to a key of this account that is still valid; nothing was changed"
REMEDIES: Final = {
    INSUFFICIENT_CAPACITY: "add a candidate with another type or region, or wait and try again",
    "global/quota-exceeded": "terminate a machine that nobody needs, or ask Lambda's support for a larger quota",
    FILE_SYSTEM_IN_WRONG_REGION: (
        "a file system can only be attached in its own region: keep candidates to that region"
    ),
    "global/invalid-parameters": "compare the inputs with the API's rules; if they follow them, report it",
    GONE: "it may have been removed elsewhere: run `pulumi refresh` and look at what references it",
    DUPLICATE: "the name is taken: choose another, or adopt what has it with `import_`",
    FILE_SYSTEM_IN_USE: "terminate the machines that mount it first",
    RULESET_IN_USE: "terminate the machines that refer to it first",
    "global/invalid-api-key": KEY_REMEDY,
    "global/account-inactive": "settle what is open in the account's billing page; nothing was changed",
    "global/invalid-address": "enter a billing address in the account's settings; nothing was changed",
    "global/forbidden": "use a key whose role may do this; nothing was changed",
    "global/not-found": "check apiUrl (LAMBDA_CLOUD_API_URL), and that the account has this part of the API",
    "global/conflict": "another action runs on it: wait until it has ended and try again",
    "global/internal-error": "Lambda failed: try again later",
    UNSENT: "check the network and apiUrl (LAMBDA_CLOUD_API_URL); the request was not sent",
    NO_ANSWER: "check the network and try again; what was begun is found again by the next run",
    UNREADABLE: "check that apiUrl (LAMBDA_CLOUD_API_URL) is Lambda's API and no proxy answers in its place",
    RATE_LIMITED: "something else uses the same account's rate limit: wait a minute and try again",
}
_CODE = re.compile(r"[a-z][a-z0-9-]*(/[a-z0-9-]+){0,4}")


class ApiError(ProviderError):
    """A request that the API did not carry out, or of which nobody knows whether it did.

    Args:
        request: method and path; never a header or a body.
        status: of HTTP; 0 when there was no answer.
        code: the API's, or one of ours where it gives none.
        retry_after: seconds that the server asked for; none when it did not.
    """

    def __init__(self, request: str, status: int, code: str, *, retry_after: float | None = None) -> None:
        self.status = status
        self.code = code
        self.retry_after = retry_after
        told = f"{status} {code}" if status else code
        super().__init__(f"{request}: {told}", REMEDIES.get(code, _remedy(status)))

    @property
    def gone(self) -> bool:
        """Whether the API says with authority that the thing does not exist."""
        return self.code == GONE

    @property
    def rate_limited(self) -> bool:
        """Whether the request was refused only for coming too soon."""
        return self.status == TOO_MANY_REQUESTS

    @property
    def outcome_unknown(self) -> bool:
        """Whether the request may have been carried out all the same."""
        if self.code in {NO_ANSWER, UNREADABLE, "global/internal-error"}:
            return True
        return self.status >= SERVER_ERROR or self.code.startswith("provider/")

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.outcome_unknown or self.code == UNSENT or self.status in {TOO_MANY_REQUESTS, CONFLICT}


def _remedy(status: int) -> str:
    if status in {401, 403}:
        return KEY_REMEDY
    if status >= SERVER_ERROR:
        return "Lambda failed: try again later"
    return "compare the inputs with the API's rules; if they follow them, report it"


def from_answer(request: str, response: httpx.Response) -> ApiError:
    """Return the error that a response other than 2xx tells of.

    Only the status and a well-formed code are taken over: message and suggestion may change, and a body may hold
    anything. The body of a 429 need not be JSON.
    """
    code = RATE_LIMITED if response.status_code == TOO_MANY_REQUESTS else _code(response)
    return ApiError(request, response.status_code, code, retry_after=_retry_after(response))


def _code(response: httpx.Response) -> str:
    try:
        code = response.json()["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return UNKNOWN
    return code if isinstance(code, str) and _CODE.fullmatch(code) else UNKNOWN


def _retry_after(response: httpx.Response) -> float | None:
    told = response.headers.get("Retry-After", "")
    return min(float(told), LONGEST_PAUSE_SECONDS) if told.isascii() and told.isdigit() else None
