"""The fake as a running server: in a thread of a test, or as a process of its own."""

import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from rehearsal.background import serving
from rehearsal.lambda_cloud import contract, surface
from rehearsal.lambda_cloud.account import Account
from rehearsal.lambda_cloud.contract import BreachError
from rehearsal.lambda_cloud.control import Control
from rehearsal.lambda_cloud.faults import Faults
from rehearsal.lambda_cloud.limits import Limits
from rehearsal.lambda_cloud.log import Log
from rehearsal.lambda_cloud.server import Api, application
from rehearsal.lambda_cloud.storage import Storage
from rehearsal.transport import BreakableProtocol


@dataclass(frozen=True, slots=True)
class Fake:
    """A fake that is being served."""

    url: str
    """Where it is; the paths of the API follow."""
    key: str
    """Its API key."""
    account: Account
    """What it is the API of."""
    control: Control
    """A client of its control surface."""
    log: Log
    """Every request it was sent."""
    faults: Faults
    """What goes wrong."""
    breaches: list[str]
    """Where it broke its own contract."""


def api_of(
    account: Account, key: str, *, storage: Storage | None = None, write: Callable[[str], None] | None = None
) -> Api:
    """Return the API of an account.

    Args:
        account: the account.
        key: who knows it may ask.
        storage: where the account is kept after each change.
        write: told each line of the log.
    """
    # Read now: the first request would wait for it, and the account's time goes on meanwhile.
    contract.operations()

    def changed() -> None:
        if storage:
            storage.save(account)

    return Api(account, key, Log(write), Faults(), Limits(account.clock), changed)


def configuration_of(api: Api) -> uvicorn.Config:
    """Return how an API is served."""
    return uvicorn.Config(
        application(api, surface.routes(api)),
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )


@contextmanager
def serve(account: Account, *, speed: float = 600.0, state: Path | None = None) -> Iterator[Fake]:
    """Serve an account on a free port of loopback until the block ends.

    Args:
        account: the account; its clock runs meanwhile.
        speed: virtual seconds per second.
        state: the file it is kept in after each change.

    Raises:
        BreachError: at the end, when the fake broke its own contract.
        RehearsalError: when it does not end.
    """
    api = api_of(account, secrets.token_urlsafe(24), storage=Storage(state) if state else None)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with serving(configuration_of(api), listener), Control(url, api.key) as client:
            account.clock.run(speed)
            try:
                yield Fake(url, api.key, account, client, api.log, api.faults, api.breaches)
            finally:
                account.clock.run(0.0)
    if api.breaches:
        raise BreachError("\n".join(api.breaches))
