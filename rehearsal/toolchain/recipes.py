"""The tools of the rehearsal: where each comes from, from official downloads to flags of its build."""

from catalog.versions import Versions
from rehearsal.toolchain.tool import Build, Checksum, Download, ModuleFile, Platform, Probe, Tool

_PULUMI_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_PULUMI_TAGS = ("osusergo", "grpcnotrace")
_PULUMI_PROBE = Probe(program="pulumi", arguments=("version",), pattern=r"^v(\S+)$")
_KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


def recipes(versions: Versions, platform: Platform) -> tuple[Tool, ...]:
    """Every tool of the rehearsal at its pinned version.

    Sizes and times were measured on two cores with empty caches, 2026-11-21. Flags of the Pulumi programs are those
    of the project's own ``.goreleaser.yml``.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    return (
        _pulumi(versions, platform),
        _language_python(versions, platform),
        _resource_kubernetes(versions, platform),
        _kubernetes(versions, platform),
        _etcd(versions, platform),
        _kwok(versions, platform),
        _kwok_stages(versions),
    )


def _pulumi_archive(version: str, platform: Platform, names: tuple[str, ...]) -> Download:
    architecture = "x64" if platform.architecture == "amd64" else platform.architecture
    releases = "https://get.pulumi.com/releases/sdk"
    return Download(
        url=f"{releases}/pulumi-v{version}-{platform.os}-{architecture}.tar.gz",
        checksum=Checksum(url=f"{releases}/pulumi-{version}-checksums.txt", form="sums"),
        members=tuple((f"pulumi/{name}", name) for name in names),
    )


def _pulumi(versions: Versions, platform: Platform) -> Tool:
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


def _language_python(versions: Versions, platform: Platform) -> Tool:
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


def _resource_kubernetes(versions: Versions, platform: Platform) -> Tool:
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
                checksum=_github_release("pulumi/pulumi-kubernetes", version),
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


def _kubernetes(versions: Versions, platform: Platform) -> Tool:
    version = versions.kubernetes
    major, minor, _ = version.split(".")
    files = f"https://dl.k8s.io/v{version}/bin/{platform.os}/{platform.architecture}"
    linked = "k8s.io/component-base/version"
    return Tool(
        name="kubernetes",
        version=version,
        programs=(*_KUBERNETES, "kubectl"),
        probes=(
            *(Probe(program=name, arguments=("--version",), pattern=r"^Kubernetes v(\S+)$") for name in _KUBERNETES),
            Probe(
                program="kubectl", arguments=("version", "--client", "-o", "json"), pattern=r'"gitVersion": "v([^"]+)"'
            ),
        ),
        downloads=tuple(
            Download(
                url=f"{files}/{name}",
                checksum=Checksum(url=f"{files}/{name}.sha256", form="sums"),
                members=(("", name),),
            )
            for name in (*_KUBERNETES, "kubectl")
        ),
        build=Build(
            folder="kubernetes",
            version=version,
            package=".",
            output="kubernetes",
            variables=(
                (f"{linked}.gitVersion", f"v{version}"),
                (f"{linked}.gitMajor", major),
                (f"{linked}.gitMinor", minor),
            ),
            seconds=220,
            size_mib=123,
            go_cache_mib=3400,
        ),
    )


def _etcd(versions: Versions, platform: Platform) -> Tool:
    version = versions.etcd
    release = f"https://github.com/etcd-io/etcd/releases/download/v{version}"
    folder = f"etcd-v{version}-{platform.os}-{platform.architecture}"
    return Tool(
        name="etcd",
        version=version,
        programs=("etcd",),
        probes=(Probe(program="etcd", arguments=("--version",), pattern=r"^etcd Version: (\S+)$"),),
        downloads=(
            Download(
                url=f"{release}/{folder}.tar.gz",
                checksum=Checksum(url=f"{release}/SHA256SUMS", form="sums"),
                members=((f"{folder}/etcd", "etcd"),),
            ),
        ),
        build=Build(
            folder="etcd", version=version, package=".", output="etcd", seconds=25, size_mib=26, go_cache_mib=450
        ),
    )


def _kwok(versions: Versions, platform: Platform) -> Tool:
    version = versions.kwok
    return Tool(
        name="kwok",
        version=version,
        programs=("kwok",),
        probes=(Probe(program="kwok", arguments=("--version",), pattern=r"v(\d\S*) go"),),
        downloads=(_kwok_asset(version, f"kwok-{platform.os}-{platform.architecture}", "kwok"),),
        build=Build(
            folder="kwok",
            version=version,
            package="sigs.k8s.io/kwok/cmd/kwok",
            output="kwok",
            seconds=60,
            size_mib=61,
            go_cache_mib=1000,
        ),
    )


def _kwok_stages(versions: Versions) -> Tool:
    stage = "kustomize/stage"
    paths = (
        f"{stage}/node/fast/node-initialize.yaml",
        f"{stage}/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
        f"{stage}/pod/fast/pod-*.yaml",
    )
    name = "kwok-stages.yaml"
    return Tool(
        name="kwok-stages",
        version=versions.kwok,
        artefacts=(name,),
        downloads=(_kwok_asset(versions.kwok, "stage-fast.yaml", name),),
        build=Build(
            folder="kwok",
            version=versions.kwok,
            copies=(ModuleFile(folder="kwok", module="sigs.k8s.io/kwok", paths=paths, name=name),),
            seconds=5,
            size_mib=1,
            go_cache_mib=30,
        ),
    )


def _kwok_asset(version: str, asset: str, name: str) -> Download:
    return Download(
        url=f"https://github.com/kubernetes-sigs/kwok/releases/download/v{version}/{asset}",
        checksum=_github_release("kubernetes-sigs/kwok", version),
        members=(("", name),),
    )


def _github_release(repository: str, version: str) -> Checksum:
    """These releases carry no checksum file; GitHub's API gives each asset's digest (since June 2025)."""
    return Checksum(url=f"https://api.github.com/repos/{repository}/releases/tags/v{version}", form="github")
