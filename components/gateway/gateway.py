"""``sophia:gateway:Gateway``."""

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Namespace

import catalog
from catalog.gateway import NAME
from components.gateway import objects
from components.workload.labels import namespace_labels
from components.workload.pod import Manifest

_CERT_MANAGER = "cert-manager.io/v1"


class Gateway(pulumi.ComponentResource):
    """``sophia:gateway:Gateway``: clients from outside reach what is exposed, over HTTPS, at its hosts.

    Creates:
        - Namespace that admits only restricted pods.
        - HelmChartConfig that makes K3s' Traefik serve the Gateway API.
        - GatewayClass and Gateway.
        - HTTPRoute that leads plain HTTP to HTTPS.
        - Issuer and Certificate of cert-manager, for the gateway and for the authority that signs its own.

    Does not create the routes behind it.
    """

    url: pulumi.Output[str]
    """Where it is reached."""
    host: pulumi.Output[str]
    """The host of that."""

    def __init__(self, name: str, *, stack: catalog.Stack, opts: pulumi.ResourceOptions | None = None) -> None:
        """Build the gateway.

        Args:
            name: logical name.
            stack: the stack's choice from the catalog.
            opts: resource options; it waits for the add-ons.
        """
        facts = {"host": stack.host, "issuer": stack.issuer, "entrypoints": stack.gateway.entrypoints.model_dump()}
        super().__init__("sophia:gateway:Gateway", name, facts, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = Namespace(
            f"{name}-namespace",
            metadata={"name": stack.gateway.namespace, "labels": namespace_labels()},
            opts=child,
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])

        def custom(logical: str, api: str, kind: str, called: str, spec: Manifest) -> CustomResource:
            metadata = {"name": called, "namespace": stack.gateway.namespace}
            return CustomResource(
                f"{name}-{logical}", api_version=api, kind=kind, metadata=metadata, spec=spec, opts=inside
            )

        servers = [machine for machine in stack.machines.values() if machine.k3s == "server"]
        CustomResource(
            f"{name}-traefik",
            api_version="helm.cattle.io/v1",
            kind="HelmChartConfig",
            metadata={"name": "traefik", "namespace": "kube-system"},
            spec={
                "valuesContent": objects.traefik_values(
                    stack.gateway,
                    replicas=min(stack.gateway.traefik_replicas, len(stack.nodes)),
                    taints={taint.key for machine in servers for taint in machine.taints},
                )
            },
            opts=child,
        )
        CustomResource(
            f"{name}-class",
            api_version=objects.GATEWAY_API,
            kind="GatewayClass",
            metadata={"name": objects.CLASS},
            spec=objects.gateway_class(),
            opts=child,
        )
        for called, spec in objects.issuers(stack).items():
            custom(f"{called}-issuer", _CERT_MANAGER, "Issuer", called, spec)
        for called, spec in objects.certificates(stack).items():
            custom(f"{called}-certificate", _CERT_MANAGER, "Certificate", called, spec)
        custom("gateway", objects.GATEWAY_API, "Gateway", NAME, objects.gateway(stack))
        custom("redirect", objects.GATEWAY_API, "HTTPRoute", "redirect", objects.redirect(stack))
        self.url, self.host = pulumi.Output.from_input(stack.url), pulumi.Output.from_input(stack.host)
        self.register_outputs({"url": self.url, "host": self.host})
