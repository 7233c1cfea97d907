"""What a peer of the access network is given, and who is one; as plain values."""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from catalog.access import Access, BreakGlass, Peer
from ops.access_rows import BreakGlassRow, PeerRow, Standing
from ops.error import InputError

CI: Final = "ci"
"""The peer that continuous integration comes in as."""

ACCESS = "host:index:Access"
"""The type of an access interface."""
"""Type of the resource that is a host's access interface."""

_KEEPALIVE_SECONDS = 25
"""Keeps the way open through what translates addresses; WireGuard's own advice (wg(8))."""

_KEY_BYTES = 32


class HostAccess(BaseModel):
    """How peers come in to one host."""

    model_config = ConfigDict(frozen=True)

    public_key: str
    """The host's own WireGuard public key."""
    endpoint: str
    """Where its access interface is found, as ``address:port``."""
    address: str
    """Its address in the access network."""


def hosts(resources: Iterable[Mapping[str, Any]]) -> Mapping[str, HostAccess]:
    """Return how peers come in to each host, by its name; hosts that are not finished yet are left out.

    Each interface says it for itself: one that failed hides no other. One that was replaced, which the engine keeps
    until all others are made, says nothing any more.

    Args:
        resources: a stack's state, in the engine's own form.
    """
    found = {
        resource["parent"].rsplit("::", 1)[-1]: HostAccess(
            public_key=told["publicKey"],
            endpoint=f"{told['connection']['addresses'][-1]}:{int(told['port'])}",
            address=told["address"].partition("/")[0],
        )
        for resource in resources
        # Of the interface itself and not of the component around it, whose outputs a run that fails takes away.
        if resource["type"] == ACCESS
        and not resource.get("delete")
        and (told := resource.get("outputs") or {}).get("publicKey")
    }
    return dict(sorted(found.items()))


def wg_quick(
    name: str, peer: Peer, *, stack: str, hosts: Mapping[str, HostAccess], private_key: str | None = None
) -> str:
    """Return the wg-quick file of a peer.

    Args:
        name: the peer's name.
        peer: what the catalog says of it.
        stack: name of the stack.
        hosts: how it comes in to each host.
        private_key: its private key; without one the file says where it goes.
    """
    interface = f"sophia-{stack}"
    until = "" if peer.expires is None else f", until {peer.expires}"
    lines = [
        f"# {name} ({peer.owner}) comes in to {stack}{until}.",
        f"# Keep it as /etc/wireguard/{interface}.conf, mode 0600; `wg-quick up {interface}` brings it up.",
        "[Interface]",
        f"Address = {peer.address}/32",
        _key_line(peer, private_key),
    ]
    for host, access in hosts.items():
        lines += [
            "",
            "[Peer]",
            f"# {host}",
            f"PublicKey = {access.public_key}",
            f"Endpoint = {access.endpoint}",
            f"AllowedIPs = {access.address}/32",
            f"PersistentKeepalive = {_KEEPALIVE_SECONDS}",
        ]
    return "\n".join(lines) + "\n"


def private_key(text: str, origin: str) -> str:
    """Return a WireGuard private key without the line end that files have; nobody repeats what it is.

    Args:
        text: the key.
        origin: where it comes from, for the error.

    Raises:
        InputError: it is none.
    """
    key = text.strip()
    try:
        whole = b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        whole = b""
    if len(whole) != _KEY_BYTES:
        msg = f"{origin}: this is no WireGuard private key; give what `wg genkey` prints"
        raise InputError(msg)
    return key


def peer_of(access: Access, name: str) -> Peer:
    """Return a peer of the catalog by its name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in access.peers:
        msg = f"{name}: there is no such peer in catalog/access.yaml; choose one of: {', '.join(sorted(access.peers))}"
        raise InputError(msg)
    return access.peers[name]


def peer_rows(access: Access, ci_public_key: str, moment: datetime) -> tuple[PeerRow, ...]:
    """Return who may come in through the access interface, by name.

    Args:
        access: what the catalog says.
        ci_public_key: public key of continuous integration; empty where it is not known here.
        moment: now.
    """
    rows = []
    for name, peer in sorted(access.peers.items()):
        key = ci_public_key if peer.role == CI else peer.public_key or ""
        over = peer.expires_at is not None and datetime.fromisoformat(peer.expires_at) <= moment
        standing = Standing.EXPIRED if over else Standing.ADMITTED if key else Standing.KEYLESS
        expires = peer.expires_at or ""
        rows.append(
            PeerRow(
                name=name,
                role=peer.role,
                owner=peer.owner,
                address=peer.address,
                public_key=key,
                expires=expires,
                standing=standing,
            )
        )
    return tuple(rows)


def break_glass_rows(entries: Mapping[str, Sequence[BreakGlass]], moment: datetime) -> tuple[BreakGlassRow, ...]:
    """Return which networks come in without the access interface, the first to end first.

    Args:
        entries: the entries, by where they stand.
        moment: now.
    """
    return tuple(
        BreakGlassRow(
            cidr=entry.cidr,
            reason=entry.reason,
            owner=entry.owner,
            expires=entry.expires_at,
            standing=Standing.EXPIRED if entry.expires <= moment.astimezone(UTC) else Standing.ADMITTED,
            stands_in=place,
        )
        for entry, place in sorted(
            ((entry, place) for place, given in entries.items() for entry in given),
            key=lambda pair: (pair[0].expires, pair[0].cidr),
        )
    )


def _key_line(peer: Peer, key: str | None) -> str:
    if key is not None:
        return f"PrivateKey = {key}"
    whose = "CI's, from the secret ACCESS_CI_PRIVATE_KEY" if peer.role == CI else "your own, which stays with you"
    half = f"; its public half is {peer.public_key}" if peer.public_key else ""
    return f"# PrivateKey = <{whose}{half}>"
