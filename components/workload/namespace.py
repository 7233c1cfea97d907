"""A namespace of the platform, and what is in each: room, limits, silence and the registry's credentials."""

import base64
import json
from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import LimitRange, Namespace, ResourceQuota, Secret
from pulumi_kubernetes.networking.v1 import NetworkPolicy

import catalog
from catalog.secret import PULL_SECRETS
from components.workload import quota
from components.workload.labels import PLATFORM, namespace_labels

_PULL_SECRET = "registry-credentials"  # noqa: S105  # pragma: allowlist secret - an object's name
_REGISTRY = "https://index.docker.io/v1/"


class Guarded:
    """A namespace that admits only restricted pods, and the names that what is made in it needs.

    Creates:
        - Namespace with the Pod Security Standard "restricted" enforced.
        - ResourceQuota and LimitRange, computed from the stack's nodes.
        - NetworkPolicy that denies everything, both ways.
        - Secret with the registry's credentials.

    Args:
        name: logical name, and the name of the namespace.
        stack: the stack's choice from the catalog.
        secrets: secret values by canonical name, those that pull images among them.
        opts: options of each object: their parent.
    """

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        secrets: Mapping[str, pulumi.Output[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        namespace = Namespace(f"{name}-namespace", metadata={"name": name, "labels": namespace_labels()}, opts=opts)
        self.name: pulumi.Output[str] = namespace.metadata.name
        self.inside: dict[str, object] = {"namespace": self.name, "labels": PLATFORM}
        ResourceQuota(
            f"{name}-quota", metadata={"name": name, **self.inside}, spec=quota.resource_quota(stack.nodes), opts=opts
        )
        LimitRange(
            f"{name}-limits", metadata={"name": name, **self.inside}, spec=quota.limit_range(stack.nodes), opts=opts
        )
        NetworkPolicy(
            f"{name}-default-deny",
            metadata={"name": "default-deny", **self.inside},
            spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
            opts=opts,
        )
        pull_secret = Secret(
            f"{name}-{_PULL_SECRET}",
            metadata={"name": _PULL_SECRET, **self.inside},
            type="kubernetes.io/dockerconfigjson",
            string_data={".dockerconfigjson": _docker_config(secrets)},
            opts=opts,
        )
        self.pull_secret: pulumi.Output[str] = pull_secret.metadata.name


def _docker_config(secrets: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    def render(credentials: list[str]) -> str:
        user, token = credentials
        auth = base64.b64encode(f"{user}:{token}".encode()).decode()
        return json.dumps({"auths": {_REGISTRY: {"username": user, "password": token, "auth": auth}}})

    return pulumi.Output.all(*(secrets[name] for name in PULL_SECRETS)).apply(render)
