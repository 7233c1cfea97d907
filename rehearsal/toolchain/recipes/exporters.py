"""What measures the data services, as static programs that images are made of."""

from catalog.versions import Versions
from rehearsal.toolchain.tool import Build, Checksum, Download, Platform, Probe, Tool


def postgres_exporter(versions: Versions, platform: Platform) -> Tool:
    """Metrics of PostgreSQL.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    version = versions.postgres_exporter
    module = "github.com/prometheus-community/postgres_exporter"
    return _exporter(
        "postgres_exporter",
        version,
        release=f"https://{module}/releases/download/v{version}",
        folder=f"postgres_exporter-{version}.{platform.os}-{platform.architecture}",
        probe=Probe(
            program="postgres_exporter", arguments=("--version",), pattern=r"^postgres_exporter, version (\S+)"
        ),
        package=f"{module}/cmd/postgres_exporter",
        variables=(("github.com/prometheus/common/version.Version", version),),
    )


def redis_exporter(versions: Versions, platform: Platform) -> Tool:
    """Metrics of Valkey, which answers as Redis does.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    version = versions.redis_exporter
    module = "github.com/oliver006/redis_exporter"
    return _exporter(
        "redis_exporter",
        version,
        release=f"https://{module}/releases/download/v{version}",
        folder=f"redis_exporter-v{version}.{platform.os}-{platform.architecture}",
        probe=Probe(program="redis_exporter", arguments=("--version",), pattern=r"Redis Metrics Exporter v(\S+)"),
        package=module,
        variables=(("main.BuildVersion", f"v{version}"),),
    )


def _exporter(
    program: str,
    version: str,
    *,
    release: str,
    folder: str,
    probe: Probe,
    package: str,
    variables: tuple[tuple[str, str], ...],
) -> Tool:
    name = program.replace("_", "-")
    return Tool(
        name=name,
        version=version,
        programs=(program,),
        on_path=False,
        probes=(probe,),
        downloads=(
            Download(
                url=f"{release}/{folder}.tar.gz",
                checksum=Checksum(url=f"{release}/sha256sums.txt", form="sums"),
                members=((f"{folder}/{program}", program),),
            ),
        ),
        build=Build(
            folder=name,
            version=version,
            package=package,
            output=program,
            variables=variables,
            seconds=30,
            size_mib=2 * 14,
            go_cache_mib=300,
        ),
    )
