"""The fake as a running server, in a thread."""

import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from rehearsal.background import serving
from rehearsal.github.faults import Faults
from rehearsal.github.records import Repository, User
from rehearsal.github.server import Api
from rehearsal.transport import BreakableProtocol

ACTIONS = User(login="github-actions[bot]")
"""Who a workflow's own token is."""


@dataclass(frozen=True, slots=True)
class GitHub:
    """A fake that is being served."""

    url: str
    """Where it is."""
    token: str
    """A token that may ask."""
    api: Api
    """What is behind it: its log, its faults, its tokens."""
    repository: Repository
    """The one repository that it is born with."""

    @property
    def environment(self) -> dict[str, str]:
        """What a workflow is told."""
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_TOKEN": self.token,
            "GITHUB_REPOSITORY": self.repository.name,
        }

    def grant(self, permissions: Mapping[str, str]) -> str:
        """Return a new token of a workflow's job.

        Args:
            permissions: what it may do, by the names that workflows use.
        """
        token = _token()
        self.api.tokens[token] = ACTIONS
        self.api.grants[token] = dict(permissions)
        return token


def _token() -> str:
    # In GitHub's form it would be taken for a real one by whoever looks for secrets.
    return f"rehearsal-{secrets.token_hex(20)}"


@contextmanager
def serve(name: str = "ai-cherry/sophia-main") -> Iterator[GitHub]:
    """Serve a repository on a free port of loopback until the block ends.

    Args:
        name: owner and name of the repository.

    Raises:
        RehearsalError: when it does not end.
    """
    token, repository = _token(), Repository(name=name)
    api = Api({name: repository}, {token: ACTIONS}, Faults())
    configuration = uvicorn.Config(
        api.application(),
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        api.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with serving(configuration, listener):
            yield GitHub(api.url, token, api, repository)
