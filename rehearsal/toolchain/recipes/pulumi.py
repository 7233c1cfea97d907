"""Pulumi: the CLI, its Python language host and the plugin for Kubernetes.

Flags are those of the project's own ``.goreleaser.yml``.
"""

from catalog.versions import Versions
from rehearsal.toolchain.recipes.vendors import github_release
from rehearsal.toolchain.tool import Build, Checksum, Download, ModuleFile, Platform, Probe, Tool

_PULUMI_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_PULUMI_TAGS = ("osusergo", "grpcnotrace")
_PULUMI_PROBE = Probe(program="pulumi", arguments=("version",), pattern=r"^v(\S+)$")


def _pulumi_archive(version: str, platform: Platform, names: tuple[str, ...]) -> Download:
    architecture = "x64" if platform.architecture == "amd64" else platform.architecture
    releases = "https://get.pulumi.com/releases/sdk"
    return Download(
        url=f"{releases}/pulumi-v{version}-{platform.os}-{architecture}.tar.gz",
        checksum=Checksum(url=f"{releases}/pulumi-{version}-checksums.txt", form="sums"),
        members=tuple((f"pulumi/{name}", name) for name in names),
    )


def pulumi(versions: Versions, platform: Platform) -> Tool:
    """The CLI.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    version = versions.pulumi
    return Tool(
        name="pulumi",
        version=version,
        programs=("pulumi",),
        probes=(_PULUMI_PROBE,),
        downloads=(_pulumi_archive(version, platform, ("pulumi",)),),
        build=Build(
            folder="pulumi",
            version=version,
            package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            output="pulumi",
            tags=_PULUMI_TAGS,
            variables=((_PULUMI_VERSION, f"v{version}"),),
            seconds=180,
            size_mib=110,
            go_cache_mib=2900,
        ),
    )


def language_python(versions: Versions, platform: Platform) -> Tool:
    """The host of Python programs, and what belongs beside it.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    scripts = ("pulumi-language-python-exec", "pulumi-resource-pulumi-python")
    programs = ("pulumi-language-python", *scripts)
    sdk = "github.com/pulumi/pulumi/sdk/v3"
    return Tool(
        name="pulumi-language-python",
        version=versions.pulumi,
        programs=programs,
        probes=(_PULUMI_PROBE,),  # it has no version flag; Pulumi installs it beside the CLI of its own release
        downloads=(_pulumi_archive(versions.pulumi, platform, programs),),
        build=Build(
            folder="pulumi-language-python",
            version=versions.pulumi_language_python,
            package="github.com/pulumi/pulumi/sdk/python/cmd/pulumi-language-python/v3",
            output="pulumi-language-python",
            tags=_PULUMI_TAGS,
            variables=((_PULUMI_VERSION, f"v{versions.pulumi_language_python}"),),
            copies=(
                ModuleFile(folder="pulumi", module=sdk, paths=(f"python/cmd/{scripts[0]}",), name=scripts[0]),
                ModuleFile(folder="pulumi", module=sdk, paths=(f"python/dist/{scripts[1]}",), name=scripts[1]),
            ),
            seconds=55,
            size_mib=27,
            go_cache_mib=600,
        ),
    )


def resource_kubernetes(versions: Versions, platform: Platform) -> Tool:
    """The plugin for Kubernetes.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    version = versions.pulumi_kubernetes
    name = "pulumi-resource-kubernetes"
    module = "github.com/pulumi/pulumi-kubernetes/provider/v4"
    return Tool(
        name=name,
        version=version,
        plugin="kubernetes",
        downloads=(
            Download(
                url=f"https://github.com/pulumi/pulumi-kubernetes/releases/download/v{version}"
                f"/{name}-v{version}-{platform.os}-{platform.architecture}.tar.gz",
                checksum=github_release("pulumi/pulumi-kubernetes", version),
                members=((name, name),),
            ),
        ),
        build=Build(
            folder=name,
            version=version,
            package=".",
            output=name,
            variables=((f"{module}/pkg/version.Version", version),),
            schema=ModuleFile(folder=name, module=module, paths=(f"cmd/{name}/schema.json",), name="schema.json"),
            seconds=345,
            size_mib=160,
            go_cache_mib=4900,
        ),
    )


def esc(versions: Versions) -> Tool:
    """The evaluator of Pulumi ESC behind a main of ours, which is given documents; nobody offers that one.

    Args:
        versions: the pinned versions.
    """
    return Tool(
        name="esc",
        version=versions.pulumi,
        programs=("esc",),
        own=True,
        build=Build(
            folder="esc",
            version=versions.pulumi,
            package=".",
            output="esc",
            seconds=60,
            size_mib=16,
            go_cache_mib=500,
        ),
    )
