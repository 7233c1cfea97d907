"""``sophia:mcp:McpFleet``."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ServiceAccount

import catalog
import catalog.workload
from catalog import discovery, egress
from catalog.gateway import VERIFIER
from catalog.secret import REQUEST_STATE_KEY
from components.gateway import hook, objects
from components.k3s.plan import API_ROW
from components.workload import objects as workload_objects
from components.workload.labels import POD_SECURITY
from components.workload.namespace import Guarded
from components.workload.workload import Workload


class McpFleet(pulumi.ComponentResource):
    """``sophia:mcp:McpFleet``: the MCP servers of a stack run in one namespace that admits only restricted pods.

    Creates:
        - Namespace with the Pod Security Standard "restricted" enforced.
        - ResourceQuota and LimitRange, computed from the stack's nodes.
        - NetworkPolicy that denies everything, both ways.
        - Secret with the registry's credentials.
        - Middleware for each thing that requests to exposed workloads are led through.
        - ServiceAccount whose tokens the gateway takes.
        - ``sophia:workload:Workload`` for each server, and for each central service beside them.

    Does not create the gateway in front of them.
    """

    endpoints: pulumi.Output[Mapping[str, str]]
    """Where pods of the cluster reach each server, by server name."""

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        secrets: Mapping[str, pulumi.Output[str]],
        fingerprint_key: pulumi.Output[str],
        api_server: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the fleet.

        Args:
            name: logical name, and the name of the namespace.
            stack: the stack's choice from the catalog: its servers, its nodes, its images.
            secrets: secret values by canonical name, those that pull images among them.
            fingerprint_key: key of the checksums that stand for secrets in the pods' annotations.
            api_server: the address that the API server advertises.
            opts: resource options.
        """
        facts = {"stack": stack.name, "pod_security": POD_SECURITY}
        super().__init__("sophia:mcp:McpFleet", name, facts, opts)
        child = pulumi.ResourceOptions(parent=self)

        namespace = Guarded(name, stack=stack, secrets=secrets, opts=child)
        for called, spec in objects.middlewares(stack, _hook_url(name)).items():
            CustomResource(
                f"{name}-{called}",
                api_version="traefik.io/v1alpha1",
                kind="Middleware",
                metadata={"name": called, **namespace.inside},
                spec=spec,
                opts=child,
            )
        ServiceAccount(
            f"{name}-verifier",
            metadata={"name": VERIFIER, **namespace.inside},
            automount_service_account_token=False,
            opts=child,
        )
        reached = workload_objects.api_server(api_server, stack.firewall.ports[API_ROW].port or 0)
        files = {
            objects.HOOK: {hook.FILE: hook.configuration(stack, name)},
            egress.PROXY: {egress.FILE: egress.configuration(stack.workloads)},
            discovery.REGISTRY: discovery.files(stack.servers, stack.url),
        }
        following = {next_.name: server for server, next_ in stack.canaries.items()}
        workloads = {
            spec.name: Workload(
                spec.object_name,
                spec=spec,
                namespace=namespace.name,
                image=stack.image(spec.image),
                environment=_environment(spec, stack, name, called=following.get(spec.name, spec.name)),
                secrets=_secrets(spec, secrets, shared=spec.rollout is not None or spec.name in following),
                secret_files={
                    use.file: secrets[use.secret] for use in spec.secrets if use.file and use.secret in secrets
                },
                files=files.get(spec.name, {}),
                route=objects.route(stack, spec, spec.object_name) if spec.expose else None,
                api_server=reached,
                fingerprint_key=fingerprint_key,
                pull_secret=namespace.pull_secret,
                opts=child,
            )
            for spec in (*stack.servers, *stack.central, *stack.canaries.values())
        }
        self.endpoints = pulumi.Output.all(**{spec.name: workloads[spec.name].endpoint for spec in stack.servers})
        self.register_outputs({"endpoints": self.endpoints})


def _hook_url(namespace: str) -> str:
    """Return where Traefik asks: by the whole name, with its last dot, or each new connection tries the search list."""
    return f"http://{objects.HOOK}.{namespace}.svc.cluster.local.:{objects.HOOK_PORT}/auth"


def _environment(
    spec: catalog.workload.Workload, stack: catalog.Stack, namespace: str, *, called: str
) -> dict[str, str]:
    """Return what every workload is told; the port always, because the one in some servers' code differs.

    The next version of a server has the server's own name: clients must find the same one behind the same address.
    """
    port = str(spec.ports[0].port)
    common = {
        "ENVIRONMENT": stack.name,
        "K3S_DEPLOYMENT": "true",
        "K3S_NAMESPACE": namespace,
        **egress.environment(spec, namespace),
    }
    if spec.mcp is None:
        return {**common, "SERVICE_NAME": called, "SERVICE_PORT": port}
    # A server that takes every Host would answer a page that was led to it by its name (DNS rebinding).
    service = f"{spec.object_name}.{namespace}.svc:{port}"
    hosts = [stack.host, service] if spec.expose or called != spec.name else [service]
    return {
        **common,
        "MCP_SERVER_NAME": called,
        "MCP_SERVER_VERSION": spec.image.tag,
        "MCP_SERVER_PORT": port,
        "MCP_ERA": str(spec.mcp.era),
        "MCP_SESSION": spec.mcp.session,
        "MCP_ALLOWED_HOSTS": " ".join(hosts),
    }


def _secrets(
    spec: catalog.workload.Workload, secrets: Mapping[str, pulumi.Output[str]], *, shared: bool
) -> dict[str, pulumi.Output[str]]:
    """Return the secret environment: what the entry names, and what seals the state that clients carry.

    Without one key for all that serve at one address each would make one of its own, and refuse what another sealed.
    """
    named = {use.env: secrets[use.secret] for use in spec.secrets if use.env and use.secret in secrets}
    sealing = spec.hands_out_state and (shared or spec.replicas.max > 1)
    return {**named, REQUEST_STATE_KEY: secrets[REQUEST_STATE_KEY]} if sealing else named
