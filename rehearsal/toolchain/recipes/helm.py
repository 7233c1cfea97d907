"""Helm, the charts that it renders, and what else add-ons are made of."""

from catalog.versions import Versions
from rehearsal.toolchain.tool import Build, Checksum, Download, ModuleFile, Platform, Probe, Tool


def helm(versions: Versions, platform: Platform) -> Tool:
    """What renders charts.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    version = versions.helm
    url = f"https://get.helm.sh/helm-v{version}-{platform.os}-{platform.architecture}.tar.gz"
    return Tool(
        name="helm",
        version=version,
        programs=("helm",),
        on_path=False,
        probes=(Probe(program="helm", arguments=("version", "--short"), pattern=r"^v(\d+\.\d+\.\d+)"),),
        downloads=(
            Download(
                url=url,
                checksum=Checksum(url=f"{url}.sha256sum", form="sums"),
                members=((f"{platform.os}-{platform.architecture}/helm", "helm"),),
            ),
        ),
        build=Build(
            folder="helm",
            version=version,
            package="helm.sh/helm/v3/cmd/helm",
            output="helm",
            variables=(("helm.sh/helm/v3/internal/version.version", f"v{version}"),),
            seconds=75,
            size_mib=58,
            go_cache_mib=900,
        ),
    )


def traefik_chart(versions: Versions) -> Tool:
    """The chart of Traefik, which K3s packages.

    Args:
        versions: the pinned versions.
    """
    version = versions.traefik_chart
    module = "github.com/traefik/traefik-helm-chart"
    return _files("traefik-chart", version, module, "traefik", f"traefik-{version}.tgz", packed=True)


def gateway_api(versions: Versions) -> Tool:
    """The definitions of gateways and routes: those of the standard channel.

    Args:
        versions: the pinned versions.
    """
    paths = "config/crd/standard/*.yaml"
    return _files("addon-gateway-api", versions.gateway_api, "sigs.k8s.io/gateway-api", paths, "gateway-api.yaml")


def cert_manager_chart(versions: Versions) -> Tool:
    """The chart of cert-manager, whose source lacks its own version.

    Args:
        versions: the pinned versions.
    """
    version, name = versions.cert_manager, "cert-manager.tgz"
    module, path = "github.com/cert-manager/cert-manager", "deploy/charts/cert-manager"
    return _files("addon-cert-manager", version, module, path, name, packed=True)


def _files(name: str, version: str, module: str, paths: str, file: str, *, packed: bool = False) -> Tool:
    return Tool(
        name=name,
        version=version,
        artefacts=(file,),
        build=Build(
            folder="charts",
            version=version,
            copies=(ModuleFile(folder="charts", module=module, paths=(paths,), name=file, packed=packed),),
            seconds=5,
            size_mib=1,
            go_cache_mib=30,
        ),
    )
