"""A next version of a server in a checkout: its entry, and its image, which comes with the machines."""

from pathlib import Path

from benchmarks.checkout import Checkout


def files(checkout: Checkout, server: str) -> tuple[Path, Path]:
    """The files that state one: the server's entry, and the lock of images."""
    return checkout.root / f"catalog/mcp/{server}.yaml", checkout.root / "catalog/lock/images.yaml"


def state(checkout: Checkout, server: str, rollout: str) -> None:
    """State one of version 1.1.0.

    Args:
        checkout: the checkout.
        server: the server.
        rollout: what the entry says of it, in YAML.
    """
    entry, lock = files(checkout, server)
    entry.write_text(f"{entry.read_text()}rollout: {rollout}\n")
    image = f"scoobyjava15/sophia-mcp-{server}"
    lock.write_text(lock.read_text().replace(f"  {image}:1.0.0:", f"  {image}:1.1.0: null\n  {image}:1.0.0:"))
