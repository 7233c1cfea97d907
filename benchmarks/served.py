"""A web application on loopback, in a thread of this process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


@contextmanager
def serving(application: ASGIApp) -> Iterator[str]:
    """Serve an application until the block ends; yield its URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        configuration = uvicorn.Config(application, log_level="critical", ws="none", timeout_graceful_shutdown=1)
        served = uvicorn.Server(configuration)
        thread = threading.Thread(target=served.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            served.should_exit = True
            thread.join(timeout=10)
