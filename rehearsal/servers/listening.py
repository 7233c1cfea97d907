"""How every program of this image listens: at all addresses of its pod, and not without an end."""

import uvicorn
from starlette.types import ASGIApp

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - of the pod, which is alone there
_GRACE_SECONDS = 25
"""Seconds that requests under way may take at the end; the kubelet's own patience ends later, with a kill."""


def listen(app: ASGIApp, port: int) -> None:
    """Serve an application until the process is asked to end.

    Args:
        app: the application.
        port: the port.
    """
    uvicorn.run(
        app,
        host=EVERY_ADDRESS,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
