"""``sophia:data:Task``."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.batch.v1 import Job
from pulumi_kubernetes.core.v1 import ConfigMap, Secret
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.data import task_pod
from components.workload import objects
from components.workload.labels import PLATFORM, WORKLOAD
from components.workload.pod import Manifest

_CHECKSUM = "sophia.ai/checksum"
_USER = 999
_RESOURCES = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}}


class Task(pulumi.ComponentResource):
    """``sophia:data:Task``: something was done once in the cluster, and is done again when what it is made of changes.

    Creates:
        - ConfigMap with its files.
        - Secret with its secret environment.
        - NetworkPolicy.
        - Job, which is waited for.

    Does not create its namespace, or the pull secret.
    """

    job: pulumi.Output[str]
    """Name of the Job that has ended well."""

    def __init__(
        self,
        name: str,
        *,
        namespace: pulumi.Input[str],
        image: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        files: Mapping[str, str],
        secrets: Mapping[str, pulumi.Output[str]],
        reached: Mapping[str, int],
        authority: str,
        fingerprint_key: pulumi.Output[str],
        pull_secret: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the task.

        Args:
            name: logical name, and the name of its objects.
            namespace: its namespace.
            image: full image reference.
            command: program and arguments.
            environment: plain environment.
            files: what it finds in the folder of its name below /etc, by file name.
            secrets: secret environment, by variable.
            reached: ports of the workloads that it reaches, by name.
            authority: name of the Secret with the certificate of who signs theirs, which it finds in /run/authority.
            fingerprint_key: key of the checksum that stands for what it is made of.
            pull_secret: name of the image pull secret.
            opts: resource options.
        """
        super().__init__("sophia:data:Task", name, {"image": image, "reached": [*reached]}, opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata: Manifest = {"name": name, "namespace": namespace, "labels": {WORKLOAD: name, **PLATFORM}}
        needed = [
            ConfigMap(f"{name}-files", metadata=metadata, data=files, opts=child),
            Secret(f"{name}-secrets", metadata=metadata, string_data=secrets, opts=child),
            NetworkPolicy(
                f"{name}-network-policy", metadata=metadata, spec=objects.task_policy(name, reached), opts=child
            ),
        ]
        content = pulumi.Output.all(pulumi.Output.all(**secrets), fingerprint_key)
        plain = {**files, **environment}
        fingerprint = pulumi.Output.unsecret(
            content.apply(lambda both: objects.fingerprint({**both[0], **plain}, both[1]))
        )
        template = task_pod.pod(
            name,
            image=image,
            command=command,
            secret=name,
            environment=environment,
            user=_USER,
            files=name,
            authority=authority,
            pull_secret=pull_secret,
            resources=_RESOURCES,
            annotations={_CHECKSUM: fingerprint},
        )
        made = Job(
            f"{name}-job",
            metadata=metadata,
            spec={"backoffLimit": 6, "template": template},
            opts=pulumi.ResourceOptions(parent=self, depends_on=needed),
        )
        self.job = made.metadata.name
        self.register_outputs({"job": self.job})
