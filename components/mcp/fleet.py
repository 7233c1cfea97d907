"""``sophia:mcp:McpFleet``."""

import base64
import json
from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import LimitRange, Namespace, ResourceQuota, Secret
from pulumi_kubernetes.networking.v1 import NetworkPolicy

import catalog
import catalog.workload
from catalog.secret import PULL_SECRETS
from components.mcp import quota
from components.workload.labels import PLATFORM
from components.workload.workload import Workload

_PULL_SECRET = "registry-credentials"  # noqa: S105  # pragma: allowlist secret - an object's name
_POD_SECURITY = "restricted"
_REGISTRY = "https://index.docker.io/v1/"


class McpFleet(pulumi.ComponentResource):
    """``sophia:mcp:McpFleet``: the MCP servers of a stack run in one namespace that admits only restricted pods.

    Creates:
        - Namespace with the Pod Security Standard "restricted" enforced.
        - ResourceQuota and LimitRange, computed from the stack's nodes.
        - NetworkPolicy that denies everything, both ways.
        - Secret with the registry's credentials.
        - ``sophia:workload:Workload`` for each server.

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
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the fleet.

        Args:
            name: logical name, and the name of the namespace.
            stack: the stack's choice from the catalog: its servers, its nodes, its images.
            secrets: secret values by canonical name, those that pull images among them.
            fingerprint_key: key of the checksums that stand for secrets in the pods' annotations.
            opts: resource options.
        """
        facts = {"stack": stack.name, "pod_security": _POD_SECURITY}
        super().__init__("sophia:mcp:McpFleet", name, facts, opts)
        child = pulumi.ResourceOptions(parent=self)

        namespace = Namespace(f"{name}-namespace", metadata={"name": name, "labels": _namespace_labels()}, opts=child)
        inside = {"namespace": namespace.metadata.name, "labels": PLATFORM}
        ResourceQuota(
            f"{name}-quota", metadata={"name": name, **inside}, spec=quota.resource_quota(stack.nodes), opts=child
        )
        LimitRange(f"{name}-limits", metadata={"name": name, **inside}, spec=quota.limit_range(stack.nodes), opts=child)
        NetworkPolicy(
            f"{name}-default-deny",
            metadata={"name": "default-deny", **inside},
            spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
            opts=child,
        )
        pull_secret = Secret(
            f"{name}-{_PULL_SECRET}",
            metadata={"name": _PULL_SECRET, **inside},
            type="kubernetes.io/dockerconfigjson",
            string_data={".dockerconfigjson": _docker_config(secrets)},
            opts=child,
        )
        servers = {
            spec.name: Workload(
                f"mcp-{spec.name}",
                spec=spec,
                namespace=namespace.metadata.name,
                image=stack.image(spec.image),
                environment=_environment(spec, stack.name, name),
                secrets={use.env: secrets[use.secret] for use in spec.secrets if use.secret in secrets},
                fingerprint_key=fingerprint_key,
                pull_secret=pull_secret.metadata.name,
                opts=child,
            )
            for spec in stack.workloads
        }
        self.endpoints = pulumi.Output.all(**{server: w.endpoint for server, w in servers.items()})
        self.register_outputs({"endpoints": self.endpoints})


def _namespace_labels() -> dict[str, str]:
    modes = ("enforce", "audit", "warn")
    return {**PLATFORM, **{f"pod-security.kubernetes.io/{mode}": _POD_SECURITY for mode in modes}}


def _environment(spec: catalog.workload.Workload, stack: str, namespace: str) -> dict[str, str]:
    """Return what every MCP server is told; the port always, because the one in some servers' code differs."""
    return {
        "ENVIRONMENT": stack,
        "K3S_DEPLOYMENT": "true",
        "K3S_NAMESPACE": namespace,
        "MCP_SERVER_NAME": spec.name,
        "MCP_SERVER_PORT": str(spec.ports[0].port),
    }


def _docker_config(secrets: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    def render(credentials: list[str]) -> str:
        user, token = credentials
        auth = base64.b64encode(f"{user}:{token}".encode()).decode()
        return json.dumps({"auths": {_REGISTRY: {"username": user, "password": token, "auth": auth}}})

    return pulumi.Output.all(*(secrets[name] for name in PULL_SECRETS)).apply(render)
