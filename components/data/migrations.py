"""PostgreSQL's databases, roles and schema, brought to what is declared by a Job that may run again at any time."""

import textwrap
from collections.abc import Mapping

from components.data import task_pod
from components.workload.pod import Manifest

NAME = "postgresql-migrations"
"""The Job."""
SCRIPT = f"/etc/{NAME}/migrate.sh"
"""What does it, in a pod that has its files: all of it, or ``roles`` or ``schema`` alone."""
MAIN = "sophia_vectors"
"""The database of what is known."""
_DATABASES = (MAIN, "sophia_ai", "sophia")
"""The databases (platform specification 8.1)."""
_ROLES = {
    "sophia": ("LOGIN", ""),
    "sophia_reader": ("LOGIN", ""),
    "sophia_backup": ("LOGIN", "pg_read_all_data"),
    "sophia_exporter": ("LOGIN", "pg_monitor"),
}
"""What each role may do, and whose rights it has."""


def files(migrations: Mapping[str, str]) -> Mapping[str, str]:
    """Return what it finds in its folder below /etc, by file name.

    Args:
        migrations: migrations by name, in their order, as SQL.
    """
    return {
        "migrate.sh": _MIGRATE,
        "roles.sql": _roles(),
        "databases.sql": _databases(),
        "one.sql": _ONE,
        **{f"{name}.sql": text for name, text in migrations.items()},
    }


def environment(host: str) -> dict[str, str]:
    """Return the plain environment: whom to ask, and as whom.

    Args:
        host: PostgreSQL's name in the cluster.
    """
    return {
        "PGHOST": host,
        "PGUSER": "postgres",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/run/authority/ca.crt",
    }


def before_restore(image: str, host: str, resources: Manifest) -> Manifest:
    """Return the container that makes the roles anew before a restore, in a pod that has its files.

    What the restore brings is older than what is declared: databases, grants and the rest of the schema come after it.

    Args:
        image: full reference of PostgreSQL's image.
        host: PostgreSQL's name in the cluster.
        resources: what it asks for and may use.
    """
    return {
        "name": NAME,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", SCRIPT, "roles"],
        "envFrom": [{"secretRef": {"name": NAME}}],
        "env": [{"name": key, "value": value} for key, value in sorted(environment(host).items())],
        "resources": resources,
        "securityContext": task_pod.RESTRICTED,
        "volumeMounts": [
            {"name": "files", "mountPath": f"/etc/{NAME}", "readOnly": True},
            {"name": "authority", "mountPath": "/run/authority", "readOnly": True},
        ],
    }


def _roles() -> str:
    lines = []
    for role, (may, whose) in _ROLES.items():
        exists = f"WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"
        lines += [
            f"SELECT 'CREATE ROLE {role}' {exists} \\gexec",
            f"\\getenv password {role.upper()}_PASSWORD",
            f"ALTER ROLE {role} WITH {may} PASSWORD :'password';",
            *([f"GRANT {whose} TO {role};"] if whose else []),
        ]
    return "\n".join(lines) + "\n"


def _databases() -> str:
    lines = []
    for database in _DATABASES:
        exists = f"WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{database}')"
        lines.append(f"SELECT 'CREATE DATABASE {database}' {exists} \\gexec")
        lines.append(f"ALTER DATABASE {database} OWNER TO sophia;")
        lines.append(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC;")
        lines.append(f"GRANT CONNECT ON DATABASE {database} TO sophia_reader, sophia_backup, sophia_exporter;")
    return "\n".join(lines) + "\n"


_MIGRATE = textwrap.dedent(f"""\
    #!/bin/sh
    # Roles; databases, and each migration that was not applied yet, whole or not at all. What is named is done alone.
    set -eu
    cd /etc/{NAME}
    ask() {{ psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@"; }}
    # What this pod may reach is not known everywhere in its first seconds.
    for second in $(seq 60); do pg_isready --quiet && break; sleep 1; done
    if [ "${{1:-roles}}" = roles ]; then ask --dbname=postgres --file=roles.sql; fi
    if [ "${{1:-schema}}" = roles ]; then exit; fi
    ask --dbname=postgres --file=databases.sql
    for file in [0-9]*.sql; do
      sum=$(sha256sum "$file" | cut -d' ' -f1)
      ask --dbname={MAIN} --set=version="${{file%.sql}}" --set=sum="$sum" --set=file="$file" --file=one.sql
    done
    """)

_ONE = textwrap.dedent("""\
    BEGIN;
    -- One at a time, also where two Jobs run.
    DO $$ BEGIN PERFORM pg_advisory_xact_lock(4711); END $$;
    SET LOCAL client_min_messages = warning;
    CREATE SCHEMA IF NOT EXISTS migrations;
    CREATE TABLE IF NOT EXISTS migrations.applied (
        version text PRIMARY KEY,
        sum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    );
    SELECT count(*) > 0 AS applied, coalesce(bool_and(sum = :'sum'), true) AS same
    FROM migrations.applied WHERE version = :'version' \\gset
    \\if :applied
      \\if :same
      \\else
        \\warn migration :version was changed after it was applied: write another one in its place
        SELECT 1 / 0 AS "a migration that was applied never changes";
      \\endif
    \\else
      \\i :file
      INSERT INTO migrations.applied (version, sum) VALUES (:'version', :'sum');
      \\echo applied :version
    \\endif
    COMMIT;
    """)
