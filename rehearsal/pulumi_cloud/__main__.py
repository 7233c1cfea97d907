"""Keeps states until it is told to end: ``python -m rehearsal.pulumi_cloud --help``."""

import argparse
import ipaddress
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from rehearsal.pulumi_cloud.server import Cloud


def main() -> int:
    """Serve the states of a directory, and return what the process ends with."""
    arguments = _arguments()
    if not arguments.address.is_loopback:
        sys.stderr.write(f"rehearsal.pulumi_cloud: --address {arguments.address}: choose one of 127.0.0.0/8\n")
        return 2
    try:
        token = arguments.token_file.read_text(encoding="utf-8").strip()
        listener = socket.create_server((str(arguments.address), arguments.port), backlog=128)
    except OSError as error:
        sys.stderr.write(f"rehearsal.pulumi_cloud: {error}\n")
        return 2
    configuration = uvicorn.Config(
        Cloud(arguments.state, token, arguments.evaluator).application(),
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    # uvicorn ends by itself on these signals, and then sends them once more to whoever handled them before.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with listener:
        uvicorn.Server(configuration).run(sockets=[listener])
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.pulumi_cloud", description=__doc__)
    parser.add_argument("--address", type=ipaddress.IPv4Address, required=True, help="loopback address it listens on")
    parser.add_argument("--port", type=int, required=True, help="TCP port it listens on")
    parser.add_argument("--state", type=Path, required=True, help="directory the states are kept in")
    parser.add_argument("--token-file", type=Path, required=True, help="file that holds the access token")
    parser.add_argument("--evaluator", type=Path, required=True, help="Pulumi ESC's own evaluator")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
