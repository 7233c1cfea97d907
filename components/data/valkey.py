"""Valkey 8's configuration, computed from what its container may use, and what starts it."""

import textwrap
from collections.abc import Mapping

from catalog.workload import Workload

NAME = "valkey"
"""The workload."""
_TLS = f"/run/tls/{NAME}"


def files(spec: Workload) -> Mapping[str, str]:
    """Return what its container finds in its folder below /etc, by file name.

    Args:
        spec: its catalog entry.
    """
    lines = (f"{name} {value}" for name, value in settings(spec))
    return {"valkey.conf": "\n".join(lines) + "\n", "start.sh": _START}


def settings(spec: Workload) -> tuple[tuple[str, str], ...]:
    """Return the directives in their order; memory is a share of what its container may use at most.

    Args:
        spec: its catalog entry.
    """
    # To write all of it to the disk takes a fork, whose pages are copied as they change.
    memory = spec.resources.limits.mebibytes * 3 // 5
    return (
        ("port", "0"),
        ("tls-port", str(spec.ports[0].port)),
        ("tls-cert-file", f"{_TLS}/tls.crt"),
        ("tls-key-file", f"{_TLS}/tls.key"),
        ("tls-ca-cert-file", f"{_TLS}/ca.crt"),
        ("tls-auth-clients", "no"),
        ("tls-protocols", '"TLSv1.3"'),
        ("unixsocket", "/tmp/valkey.sock"),  # noqa: S108 - a path in a container
        ("aclfile", "/tmp/users.acl"),  # noqa: S108 - as above
        ("dir", "/data"),
        ("maxmemory", f"{memory}mb"),
        ("maxmemory-policy", "allkeys-lru"),
        # Both ways to keep it, as the sources have them.
        ("appendonly", "yes"),
        ("appendfsync", "everysec"),
        ("save", "900 1 300 10 60 10000"),
        ("io-threads", str(max(1, spec.resources.limits.millicores // 1000))),
    )


_START = textwrap.dedent(f"""\
    #!/bin/sh
    # Writes who may do what, with hashes in the place of passwords, and serves.
    set -eu
    hash() {{ sha256sum "/run/secrets/{NAME}/$1" | cut -d' ' -f1; }}
    umask 077
    {{
      echo "user default off"
      echo "user sophia on #$(hash sophia) ~* &* +@all -@admin -@dangerous +info"
      echo "user backup on #$(hash backup) ~* +@read +@connection +dump +restore +del"
      echo "user exporter on #$(hash exporter) +ping +info +client|list +config|get +latency +slowlog|len +dbsize"
      # Its own pod, for probes.
      echo "user probe on nopass +ping"
    }} > /tmp/users.acl
    exec valkey-server /etc/{NAME}/valkey.conf
    """)
