"""Images of the data services under their vendors' names, and of what backs them up and measures them.

PostgreSQL, Valkey and the programs of backups are Debian's (``data_tree``); the others are static programs.
"""

import hashlib
from collections.abc import Iterable, Mapping

from catalog.versions import Versions
from rehearsal.toolchain.cache import Entry
from rehearsal.toolchain.data_tree import AUTHORITIES, SHARED, data_tree
from rehearsal.toolchain.debian import SUITE
from rehearsal.toolchain.edges import REPOSITORY, Edges
from rehearsal.toolchain.images import Image, Layer, of_sources, of_tree
from rehearsal.toolchain.progress import Progress

_BACKUP = "scoobyjava15/sophia-backup"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def data_references(versions: Versions) -> dict[str, str]:
    """What pods call the images of vendors, by the image's name.

    Args:
        versions: the pinned versions.
    """
    return {
        "postgresql": f"pgvector/pgvector:{versions.pgvector}-pg{versions.postgresql}-{SUITE}",
        "valkey": f"valkey/valkey:{versions.valkey}-{SUITE}",
        "weaviate": f"cr.weaviate.io/semitechnologies/weaviate:{versions.weaviate}",
        "postgres-exporter": f"quay.io/prometheuscommunity/postgres-exporter:v{versions.postgres_exporter}",
        "redis-exporter": f"oliver006/redis_exporter:v{versions.redis_exporter}",
    }


def is_backup(reference: str) -> bool:
    """Tell whether an image holds the programs of backups.

    >>> is_backup("scoobyjava15/sophia-backup:1.0.0"), is_backup("scoobyjava15/sophia-mcp-github:1.0.0")
    (True, False)
    """
    return reference.partition(":")[0] == _BACKUP


def data_images(
    entries: Mapping[str, Entry], references: Iterable[str], versions: Versions, edges: Edges, progress: Progress
) -> tuple[Image, ...]:
    """Every image of a data service and of what belongs to it.

    Args:
        entries: the tools, by name.
        references: what pods call the images of backups; others are left out.
        versions: the pinned versions.
        edges: the machine that the rehearsal runs on.
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        ToolError: this is not root, or Debian's packages are not to be had in the pinned versions.
    """
    tree = data_tree(versions, edges, progress)
    called, platform = data_references(versions), str(edges.platform)
    programs = f"/usr/lib/postgresql/{versions.postgresql}/bin"

    def layers(name: str) -> tuple[Layer, ...]:
        return tuple(of_tree("", tree / part) for part in (SHARED, name))

    authorities = tree / "backup" / AUTHORITIES
    trusted = Layer(key=hashlib.sha256(authorities.read_bytes()).hexdigest(), files={AUTHORITIES: authorities})
    return (
        Image(
            name="postgresql",
            layers=layers("postgresql"),
            entrypoint=(f"{programs}/postgres",),
            environment=(f"PATH={_PATH}:{programs}", "LANG=C.UTF-8", "PGDATA=/var/lib/postgresql/data"),
            stop_signal="SIGINT",  # as the vendor's: SIGTERM waits for clients to leave
            references=(called["postgresql"],),
            platform=platform,
        ),
        Image(
            name="valkey",
            layers=layers("valkey"),
            entrypoint=("/usr/bin/valkey-server",),
            environment=(f"PATH={_PATH}", "LANG=C.UTF-8"),
            references=(called["valkey"],),
            platform=platform,
        ),
        Image(
            name="backup",
            layers=(*layers("backup"), of_sources("srv/backup", REPOSITORY / "backup", "*.py")),
            entrypoint=("/usr/bin/python3", "-m", "backup"),
            environment=(
                f"PATH={_PATH}:{programs}",
                "LANG=C.UTF-8",
                "PYTHONPATH=/srv",
                "PYTHONDONTWRITEBYTECODE=1",
            ),
            user="1000",
            references=tuple(sorted(filter(is_backup, references))),
            platform=platform,
        ),
        *program_images(entries, trusted, versions, platform),
    )


def program_images(
    entries: Mapping[str, Entry], trusted: Layer, versions: Versions, platform: str
) -> tuple[Image, ...]:
    """Images of one static program each: where the vendor's image has it, for the user that this names.

    Args:
        entries: the tools, by name.
        trusted: the certificates that those of others are checked with.
        versions: the pinned versions.
        platform: what the programs are built for, such as linux/amd64.
    """
    called = data_references(versions)

    def made(name: str, entry: Entry, program: str, path: str, user: str = "", *lower: Layer) -> Image:
        layer = Layer(key=f"{path}:{entry.sha256(program)}", files={path: entry.program(program)})
        return Image(
            name=name,
            layers=(*lower, layer),
            entrypoint=(f"/{path}",),
            user=user,
            references=(called[name],),
            platform=platform,
        )

    postgres, redis = entries["postgres-exporter"], entries["redis-exporter"]
    return (
        made("weaviate", entries["weaviate-server"], "weaviate-server", "bin/weaviate", "", trusted),
        made("postgres-exporter", postgres, "postgres_exporter", "bin/postgres_exporter", "65534"),
        made("redis-exporter", redis, "redis_exporter", "redis_exporter", "59000:59000", trusted),
    )
