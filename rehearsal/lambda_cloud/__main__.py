"""Serves one account until it is told to end: ``python -m rehearsal.lambda_cloud --help``."""

import argparse
import ipaddress
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from rehearsal.error import RehearsalError
from rehearsal.lambda_cloud.account import Account
from rehearsal.lambda_cloud.serving import api_of, configuration_of
from rehearsal.lambda_cloud.storage import Storage


def main() -> int:
    """Serve the account of a state file, and return what the process ends with.

    The account is born when there is no such file. SIGTERM and SIGINT end it.
    """
    arguments = _arguments()
    if not arguments.address.is_loopback:
        sys.stderr.write(f"rehearsal.lambda_cloud: --address {arguments.address}: choose one of 127.0.0.0/8\n")
        return 2
    storage = Storage(arguments.state)
    try:
        account = storage.load() or Account.born(private_key=arguments.private_key_file)
        key = arguments.key_file.read_text(encoding="utf-8").strip()
        listener = socket.create_server((str(arguments.address), arguments.port), backlog=128)
    except (RehearsalError, OSError) as error:
        sys.stderr.write(f"rehearsal.lambda_cloud: {error}\n")
        return 2
    storage.save(account)
    account.clock.run(arguments.speed)
    server = uvicorn.Server(configuration_of(api_of(account, key, storage=storage, write=_print)))
    # uvicorn ends by itself on these signals, and then sends them once more to whoever handled them before.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        with listener:
            server.run(sockets=[listener])
    finally:
        storage.save(account)
    return 0


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.lambda_cloud", description=__doc__)
    parser.add_argument("--address", type=ipaddress.IPv4Address, required=True, help="loopback address it listens on")
    parser.add_argument("--port", type=int, required=True, help="TCP port it listens on")
    parser.add_argument("--state", type=Path, required=True, help="file the account is kept in")
    parser.add_argument("--key-file", type=Path, required=True, help="file that holds the API key")
    parser.add_argument("--speed", type=float, default=60.0, help="virtual seconds per second (default: 60)")
    parser.add_argument(
        "--private-key-file", type=Path, help="file that gets the born SSH key's private half, at birth"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
