"""What goes wrong between a client and the API, by script."""

import time
from dataclasses import dataclass, field
from threading import Lock

from rehearsal.github.refusal import ApiError

_HOUR = 5000
"""Requests an hour that a token has."""


@dataclass(slots=True)
class Fault:
    """A fault that hits the next requests that it is about.

    Args:
        status: what is answered; 0 where the connection is cut.
        times: how many requests it hits.
        method: only those of this method; any by default.
        path: only those whose path ends so; any by default.
        retry_after: seconds that the client is told to wait.
        exhausted: whether the requests of the hour are used up, until so many seconds from now.
        done: whether the request takes effect all the same.
        seconds: how late the answer is.
    """

    status: int = 500
    times: int = 1
    method: str = ""
    path: str = ""
    retry_after: float | None = None
    exhausted: float | None = None
    done: bool = False
    seconds: float = 0.0

    def hits(self, method: str, path: str) -> bool:
        """Return whether it is about a request."""
        return self.times > 0 and self.method in ("", method) and path.endswith(self.path)

    def error(self) -> ApiError:
        """Return it as a refusal."""
        headers: dict[str, str] = {}
        message = "Server Error" if self.status >= 500 else "Forbidden"  # noqa: PLR2004 - HTTP's own border
        if self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after:g}"
            message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        if self.exhausted is not None:
            headers |= {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{time.time() + self.exhausted:.0f}"}
            message = "API rate limit exceeded for installation."
        if self.status == 401:  # noqa: PLR2004 - the one that is not let in
            message = "Bad credentials"
        return ApiError(self.status, message, headers=headers)


@dataclass(slots=True)
class Faults:
    """The faults of a fake, in the order in which they were scripted."""

    used: int = 0
    """Requests of this hour."""
    _script: list[Fault] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def script(self, *faults: Fault) -> None:
        """Let faults hit the next requests that they are about."""
        with self._lock:
            self._script += faults

    def next(self, method: str, path: str) -> Fault | None:
        """Return the fault that hits a request."""
        with self._lock:
            self.used += 1
            for one in self._script:
                if one.hits(method, path):
                    one.times -= 1
                    return one
            return None

    def headers(self) -> dict[str, str]:
        """Return what every answer says of the limit."""
        reset = f"{(time.time() // 3600 + 1) * 3600:.0f}"
        left = max(0, _HOUR - self.used)
        return {
            "X-RateLimit-Limit": str(_HOUR),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": reset,
            "X-RateLimit-Used": str(self.used),
            "X-RateLimit-Resource": "core",
        }
