"""Changes the servers' token of a cluster that runs, through the supervisor on this host."""

from __future__ import annotations

import base64
import json
import time

from providers.host.remote.common import StepFailedError
from providers.host.remote.k3s_api import NoAnswerError, request, trusting
from providers.host.remote.k3s_places import DATA, SERVER_TOKEN, UNITS, password, text
from providers.host.remote.k3s_unit import active, journal, show, systemctl

AUTHORITY = DATA / "server/tls/server-ca.crt"
PATIENCE_SECONDS = 60.0
DONE = 200
REMEDY = "the last lines of its journal say why; run again when the server is well"


def due(wanted: str) -> bool:
    """Return whether the cluster knows another token than the wanted one."""
    known = password(text(SERVER_TOKEN))
    return known is not None and known != wanted


def rotate(wanted: str, port: int) -> None:
    """Have the cluster take another token, and encrypt its bootstrap data under it.

    Args:
        wanted: the new token.
        port: the port of the supervisor.

    Raises:
        StepFailedError: the supervisor refuses or does not answer.
    """
    unit = UNITS["server"]
    if not active(show(unit)):
        systemctl("start", "--no-block", unit)
    known = password(text(SERVER_TOKEN)) or ""
    credentials = base64.b64encode(f"server:{known}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    body = json.dumps({"newToken": wanted})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            # What K3s answers may repeat what it was sent.
            status, _ = request(
                "127.0.0.1", port, trusting(AUTHORITY), "PUT", "/v1-k3s/token", body=body, headers=headers
            )
            if status == DONE:
                return
            trouble = f"the supervisor answers {status} to a change of the token"
        except (NoAnswerError, OSError) as error:
            trouble = str(error) if isinstance(error, NoAnswerError) else f"{AUTHORITY} cannot be read"
        if not due(wanted):
            return
        if time.monotonic() > deadline:
            raise StepFailedError(trouble, REMEDY, journal(unit, None))
        time.sleep(1)
