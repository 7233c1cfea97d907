"""The stand-in for K3s: it starts the real programs as K3s does, and bears the name of the release it stands for."""

from rehearsal.toolchain.tool import Build, Probe, Tool


def k3s(version: str, *, previous: bool = False) -> Tool:
    """The stand-in for one release.

    Always built here: what is called k3s on PATH, or published under that name, holds a whole cluster of its own.

    Args:
        version: the release, such as v1.36.2+k3s1.
        previous: this is the release to upgrade from.
    """
    return Tool(
        name="k3s-previous" if previous else "k3s",
        version=version,
        programs=("k3s",),
        on_path=False,
        own=True,
        probes=(Probe(program="k3s", arguments=("--version",), pattern=r"^k3s version (\S+)"),),
        build=Build(
            folder="k3s",
            version=version,
            package=".",
            output="k3s",
            variables=(("main.version", version),),
            embeds=("providers/host/k3s_flags.json",),
            seconds=15,
            size_mib=9,
            go_cache_mib=0 if previous else 80,
        ),
    )
