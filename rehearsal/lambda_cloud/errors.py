"""The errors of the Lambda Cloud API, by code (API 1.10.0)."""


class ApiError(Exception):
    """The API refuses a request.

    Args:
        code: stable name of the error; clients branch on nothing else.
        status: HTTP status.
        message: what is wrong, for people.
        suggestion: what to do, for people.
    """

    def __init__(self, code: str, status: int, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.suggestion = suggestion


def invalid(*, because: str) -> ApiError:
    """Return the refusal of a request that breaks a rule."""
    return ApiError("global/invalid-parameters", 400, because)


def missing(*, because: str, status: int = 404) -> ApiError:
    """Return the refusal of a request about something that is not there; launch answers 400 or 404."""
    return ApiError("global/object-does-not-exist", status, because)


def duplicate(*, because: str) -> ApiError:
    """Return the refusal of a name that is taken."""
    return ApiError("global/duplicate", 400, because)


def conflict(*, because: str) -> ApiError:
    """Return the refusal of an action while another runs."""
    return ApiError("global/conflict", 409, because)


def unauthorized() -> ApiError:
    """Return the refusal of a key."""
    return ApiError("global/invalid-api-key", 401, "API key was invalid, expired, or deleted.")


def inactive() -> ApiError:
    """Return the refusal of an account that may not act."""
    return ApiError("global/account-inactive", 403, "Your account is inactive.")


def not_found() -> ApiError:
    """Return the refusal of a path that does not exist."""
    return ApiError("global/not-found", 404, "The requested resource was not found.")


def no_capacity() -> ApiError:
    """Return the refusal of a launch for which there is no machine."""
    code = "instance-operations/launch/insufficient-capacity"
    return ApiError(code, 400, "Not enough capacity to fulfill launch request.", "Choose another region or type.")


def quota_exceeded(quota: int) -> ApiError:
    """Return the refusal of one instance too many."""
    return ApiError("global/quota-exceeded", 400, f"Quota exceeded: {quota} instances.", "Contact support.")


def wrong_region(name: str, region: str) -> ApiError:
    """Return the refusal of a file system that is elsewhere."""
    code = "instance-operations/launch/file-system-in-wrong-region"
    return ApiError(code, 400, f"File system {name} is not in region {region}.")


def file_system_in_use(name: str) -> ApiError:
    """Return the refusal to delete a file system that is mounted."""
    return ApiError("filesystems/filesystem-in-use", 400, f"Filesystem {name} is in use.")


def ruleset_in_use() -> ApiError:
    """Return the refusal to delete a ruleset that is attached."""
    code = "firewall-rulesets/firewall-ruleset-in-use"
    return ApiError(code, 400, "Firewall ruleset is in use by one or more instances.")


def provider_unavailable() -> ApiError:
    """Return the error of a cloud that Lambda itself rents from; the API documents no 5xx."""
    return ApiError("provider/internal-unavailable", 503, "The provider is unavailable.")


def internal() -> ApiError:
    """Return the internal error, which the API documents as 409 and for writes of rulesets only."""
    return ApiError("global/internal-error", 409, "An internal server error occurred.")
