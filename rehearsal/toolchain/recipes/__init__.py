"""The tools of the rehearsal: where each comes from, from official downloads to flags of its build.

Sizes and times were measured on two cores with empty caches.
"""

from catalog.versions import Versions
from rehearsal.toolchain.recipes.actionlint import actionlint
from rehearsal.toolchain.recipes.etcd import etcd
from rehearsal.toolchain.recipes.exporters import postgres_exporter, redis_exporter
from rehearsal.toolchain.recipes.helm import cert_manager_chart, gateway_api, helm, traefik_chart
from rehearsal.toolchain.recipes.k3s import k3s
from rehearsal.toolchain.recipes.kubernetes import kube_router, kubernetes, kubernetes_node
from rehearsal.toolchain.recipes.kwok import kwok, kwok_stages
from rehearsal.toolchain.recipes.pods import (
    cert_manager,
    coredns,
    device_plugin,
    egress_proxy,
    load_balancer,
    local_path_provisioner,
    mcp_gateway,
    pause,
    pod,
)
from rehearsal.toolchain.recipes.pulumi import esc, language_python, pulumi, resource_kubernetes
from rehearsal.toolchain.recipes.versitygw import versitygw
from rehearsal.toolchain.recipes.weaviate import weaviate
from rehearsal.toolchain.tool import Platform, Tool


def recipes(versions: Versions, platform: Platform) -> tuple[Tool, ...]:
    """Every tool of the rehearsal at its pinned version.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    return (
        pulumi(versions, platform),
        language_python(versions, platform),
        resource_kubernetes(versions, platform),
        esc(versions),
        kubernetes(versions.kubernetes, platform),
        kubernetes_node(versions.kubernetes, versions.k3s),
        kubernetes(versions.kubernetes_previous, platform, previous=True),
        kubernetes_node(versions.kubernetes_previous, versions.k3s_previous, previous=True),
        kube_router(versions),
        etcd(versions, platform),
        kwok(versions, platform),
        kwok_stages(versions),
        coredns(versions, platform),
        device_plugin(versions),
        helm(versions, platform),
        traefik_chart(versions),
        gateway_api(versions),
        cert_manager_chart(versions),
        cert_manager(versions),
        egress_proxy(),
        mcp_gateway(),
        pod(),
        load_balancer(),
        local_path_provisioner(versions),
        pause(),
        weaviate(versions, platform),
        postgres_exporter(versions, platform),
        redis_exporter(versions, platform),
        versitygw(versions),
        actionlint(versions, platform),
        k3s(versions.k3s),
        k3s(versions.k3s_previous, previous=True),
    )
