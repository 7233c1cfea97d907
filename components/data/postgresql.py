"""PostgreSQL 17's configuration, computed from what its container may use, and what starts it."""

import textwrap
from collections.abc import Mapping

from catalog.workload import Workload

NAME = "postgresql"
"""The workload."""
_CONNECTIONS = 200
_DATA = "/var/lib/postgresql/data"
_CONFIGURATION = f"/etc/{NAME}"
_TLS = f"/run/tls/{NAME}"


def files(spec: Workload) -> Mapping[str, str]:
    """Return what its container finds in its folder below /etc, by file name.

    Args:
        spec: its catalog entry.
    """
    lines = (f"{name} = {value}" for name, value in sorted(settings(spec).items()))
    return {"postgresql.conf": "\n".join(lines) + "\n", "pg_hba.conf": _ADMITTED, "start.sh": _START}


def settings(spec: Workload) -> Mapping[str, str]:
    """Return the settings by name; sizes are shares of the memory that its container may use at most.

    Source of the shares: PostgreSQL 17's documentation, 19.4 (a quarter for shared_buffers) and 19.7 (what the cache of
    the file system may be expected to hold).

    Args:
        spec: its catalog entry.
    """
    memory = spec.resources.limits.mebibytes
    processors = max(1, spec.resources.limits.millicores // 1000)
    shared = memory // 4
    return {
        "listen_addresses": "'*'",
        "max_connections": str(_CONNECTIONS),
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{memory * 3 // 4}MB",
        # A query may sort in several steps at once: as if every fourth connection did, with half of what is left.
        "work_mem": f"{max(4, (memory - shared) // 2 // (_CONNECTIONS // 4))}MB",
        "maintenance_work_mem": f"{max(64, min(2048, memory // 16))}MB",
        "max_worker_processes": str(max(8, processors)),
        "max_parallel_workers": str(processors),
        # /dev/shm of a pod has 64 MiB.
        "dynamic_shared_memory_type": "mmap",
        "wal_level": "replica",
        "max_wal_senders": "3",
        "password_encryption": "'scram-sha-256'",
        "ssl": "on",
        "ssl_cert_file": f"'{_TLS}/tls.crt'",
        "ssl_key_file": f"'{_TLS}/tls.key'",
        "ssl_min_protocol_version": "'TLSv1.3'",
        "log_min_duration_statement": "'1s'",
        # What a statement says may hold a password.
        "log_min_error_statement": "'panic'",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    }


_ADMITTED = textwrap.dedent("""\
    # Its own pod by its socket, for probes; everybody else by TLS and with a password.
    local   all all                 scram-sha-256
    hostssl all all 0.0.0.0/0       scram-sha-256
    hostssl all all ::/0            scram-sha-256
    """)

_START = textwrap.dedent(f"""\
    #!/bin/sh
    # Makes the cluster once, whole or not at all, and serves it with the superuser's present password; asked to end, it
    # ends connections and writes what is in memory (PostgreSQL's fast shutdown, which SIGTERM does not mean to it).
    set -eu
    place={_DATA}/cluster
    if [ ! -s "$place/PG_VERSION" ]; then
      rm -rf "$place.new"
      initdb --pgdata="$place.new" --username=postgres --pwfile=/run/secrets/{NAME}/superuser \
        --auth=scram-sha-256 --data-checksums --encoding=UTF8 --locale=C.UTF-8
      mv "$place.new" "$place"
    fi
    # A volume that is mounted is opened to the pod's group, and the server refuses a folder that others may write to.
    chmod 0700 "$place"
    # Nobody can come in meanwhile. What the superuser says holds the roles' passwords: however slow, it is not logged.
    {{
      echo "ALTER ROLE postgres SET log_min_duration_statement = -1"
      printf "ALTER ROLE postgres PASSWORD '%s'\\n" "$(head -n 1 /run/secrets/{NAME}/superuser | sed "s/'/''/g")"
    }} | postgres --single -D "$place" -c config_file={_CONFIGURATION}/postgresql.conf -c exit_on_error=on \
      -c log_min_duration_statement=-1 postgres > /dev/null
    postgres -D "$place" --config-file={_CONFIGURATION}/postgresql.conf --hba-file={_CONFIGURATION}/pg_hba.conf &
    server=$!
    trap 'kill -INT $server' TERM INT
    while kill -0 $server 2>/dev/null; do wait $server || true; done
    wait $server
    """)
