"""``sophia:workload:Workload``."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.apps.v1 import Deployment, StatefulSet
from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler
from pulumi_kubernetes.core.v1 import ConfigMap, Secret, Service, ServiceAccount
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

import catalog.workload
from components.workload import objects, pod

_CONFIG_CHECKSUM = "sophia.ai/config-checksum"
_FILES_CHECKSUM = "sophia.ai/files-checksum"
_SECRET_CHECKSUM = "sophia.ai/secret-checksum"  # noqa: S105  # pragma: allowlist secret - an annotation's key


class Workload(pulumi.ComponentResource):
    """``sophia:workload:Workload``: one workload of the catalog runs on the cluster, and only who may can reach it.

    Creates:
        - ServiceAccount with the image pull secret and, unless asked for, no API token.
        - ConfigMap with the plain environment, and one with files, where it has any.
        - Secret with the secret environment, and one with secret files, where the workload uses any.
        - Deployment or StatefulSet; a change of either environment rolls its pods.
        - Service.
        - HorizontalPodAutoscaler, where the workload autoscales.
        - PodDisruptionBudget.
        - NetworkPolicy.
        - HTTPRoute, where it is exposed.
        - Certificate of the data services' authority, where it serves with one.

    Does not create its namespace, or the pull secret.
    """

    endpoint: pulumi.Output[str]
    """Where pods of the cluster reach its first port."""

    def __init__(
        self,
        name: str,
        *,
        spec: catalog.workload.Workload,
        namespace: pulumi.Input[str],
        image: str,
        environment: Mapping[str, str],
        secrets: Mapping[str, pulumi.Output[str]],
        fingerprint_key: pulumi.Output[str],
        pull_secret: pulumi.Input[str],
        secret_files: Mapping[str, pulumi.Output[str]] | None = None,
        files: Mapping[str, str] | None = None,
        route: pod.Manifest | None = None,
        api_server: pod.Manifest | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the workload.

        Args:
            name: logical name, and the name of its objects.
            spec: its catalog entry.
            namespace: namespace of all its objects.
            image: full image reference.
            environment: plain environment variables beyond the entry's settings.
            secrets: secret environment variables, by variable name.
            fingerprint_key: key of the checksum that stands in the pods' annotations for the secret environment.
            pull_secret: name of the image pull secret.
            secret_files: secrets that its containers find in the folder of its name below /run/secrets, by file name.
            files: what its containers find in the folder of its name below /etc, by file name.
            route: spec of its HTTPRoute, where it is exposed.
            api_server: the rule that lets pods out to the API server, for those that may talk to it.
            opts: resource options.
        """
        facts = {"workload": spec.name, "tier": spec.tier, "owner": spec.owner, "image": image}
        super().__init__("sophia:workload:Workload", name, facts, opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata = objects.metadata(spec, name, namespace)
        # Reached by their names, so that every reference is known in preview.
        config_map = {**metadata, "name": f"{name}-config"}
        secret = {**metadata, "name": f"{name}-secrets"} if secrets else None
        plain = {**spec.settings, **environment}
        folder = {**metadata, "name": f"{name}-files"} if files else None
        sealed = {**metadata, "name": f"{name}-secret-files"} if secret_files else None

        prerequisites: list[pulumi.Resource] = [
            ServiceAccount(
                f"{name}-service-account",
                metadata=metadata,
                image_pull_secrets=[{"name": pull_secret}],
                automount_service_account_token=spec.identity.service_account_token,
                opts=child,
            ),
            # The API server keeps no empty map.
            ConfigMap(f"{name}-config", metadata=config_map, data=plain or None, opts=child),
            NetworkPolicy(
                f"{name}-network-policy", metadata=metadata, spec=objects.network_policy(spec, api_server), opts=child
            ),
        ]
        checksums: dict[str, pulumi.Input[str]] = {_CONFIG_CHECKSUM: objects.checksum(plain)}
        if secret is not None:
            prerequisites.append(Secret(f"{name}-secrets", metadata=secret, string_data=secrets, opts=child))
        if sealed is not None:
            prerequisites.append(Secret(f"{name}-secret-files", metadata=sealed, string_data=secret_files, opts=child))
        if secrets or secret_files:
            checksums[_SECRET_CHECKSUM] = _fingerprint({**secrets, **(secret_files or {})}, fingerprint_key)
        if folder is not None and files is not None:
            prerequisites.append(ConfigMap(f"{name}-files", metadata=folder, data=files, opts=child))
            checksums[_FILES_CHECKSUM] = objects.checksum(files)

        template = pod.template(
            spec,
            image=image,
            service_account=name,
            config_map=config_map["name"],
            secret=None if secret is None else secret["name"],
            secret_files=None if sealed is None else sealed["name"],
            files=None if folder is None else folder["name"],
            checksums=checksums,
        )
        controller = Deployment if spec.kind == "Deployment" else StatefulSet
        controller(
            f"{name}-{spec.kind.lower()}",
            metadata=metadata,
            spec=objects.controller(spec, template, service=name),
            # Without them a pod is refused (account), fails to start (environment) or runs unguarded (policy).
            opts=pulumi.ResourceOptions(parent=self, depends_on=prerequisites),
        )
        Service(
            f"{name}-service",
            metadata={**metadata, "annotations": objects.NOT_AWAITED},
            spec=objects.service(spec),
            opts=child,
        )
        if spec.autoscaling is not None:
            HorizontalPodAutoscaler(
                f"{name}-autoscaler", metadata=metadata, spec=objects.autoscaler(spec, target=name), opts=child
            )
        PodDisruptionBudget(
            f"{name}-disruption-budget", metadata=metadata, spec=objects.disruption_budget(spec), opts=child
        )

        if spec.tls:
            CustomResource(
                f"{name}-certificate",
                api_version="cert-manager.io/v1",
                kind="Certificate",
                metadata=metadata,
                spec=objects.certificate(spec, namespace),
                opts=child,
            )
        if route is not None:
            CustomResource(
                f"{name}-route",
                api_version="gateway.networking.k8s.io/v1",
                kind="HTTPRoute",
                metadata=metadata,
                spec=route,
                opts=child,
            )

        self.endpoint = pulumi.Output.format("http://{0}.{1}.svc:{2}", name, namespace, spec.ports[0].port)
        self.register_outputs({"endpoint": self.endpoint})


def _fingerprint(secrets: Mapping[str, pulumi.Output[str]], key: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return the checksum of the secret environment, plain so that a plan shows that the pods roll and why."""
    content = pulumi.Output.all(pulumi.Output.all(**secrets), key)
    return pulumi.Output.unsecret(content.apply(lambda both: objects.fingerprint(*both)))
