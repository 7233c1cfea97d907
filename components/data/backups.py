"""``sophia:data:Backups``."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import Secret

import catalog
from components.data.backup import Backup
from components.workload.namespace import Guarded
from components.workload.objects import AUTHORITY


class Backups(pulumi.ComponentResource):
    """``sophia:data:Backups``: all data services of a stack are backed up, and its cluster's datastore.

    Creates:
        - ``sophia:data:Backup`` for each.
        - Secret by which K3s keeps snapshots of the cluster's datastore there too.

    Does not create the buckets.
    """

    schedules: pulumi.Output[Mapping[str, str]]
    """When each service is backed up, by its name, as cron has it."""

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        namespace: Guarded,
        called: str,
        secrets: Mapping[str, pulumi.Output[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build them.

        Args:
            name: logical name.
            stack: the stack's choice from the catalog.
            namespace: the namespace of the services.
            called: its name.
            secrets: secret values by canonical name, the keys that the vector store makes among them.
            opts: resource options.
        """
        super().__init__("sophia:data:Backups", name, {"stack": stack.name, "schedule": stack.backups.schedule}, opts)
        made = {
            spec.name: Backup(
                spec.name,
                stack=stack,
                spec=spec,
                namespace=namespace.name,
                host=f"{spec.object_name}.{called}.svc",
                authority=AUTHORITY,
                secrets=secrets,
                pull_secret=namespace.pull_secret,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for spec in stack.data
            if spec.backup
        }
        if kept := stack.k3s.snapshots.object_storage:
            Secret(
                f"{name}-{kept.secret}",
                metadata={"name": kept.secret, "namespace": "kube-system"},
                type="etcd.k3s.cattle.io/s3-config-secret",
                string_data=_of_etcd(stack, secrets),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.schedules = pulumi.Output.all(**{service: one.schedule for service, one in made.items()})
        self.register_outputs({"schedules": self.schedules})


def _of_etcd(stack: catalog.Stack, secrets: Mapping[str, pulumi.Output[str]]) -> dict[str, pulumi.Input[str]]:
    """Return what K3s must know, by the names of its own flags (K3s 1.36, etcd-s3-config-secret)."""
    storage = stack.object_storage
    buckets = storage.buckets[stack.backups.bucket]
    return {
        "etcd-s3-endpoint": storage.endpoint,
        "etcd-s3-region": storage.region,
        "etcd-s3-bucket": buckets.names[stack.name],
        "etcd-s3-folder": "etcd",
        "etcd-s3-access-key": secrets[buckets.access_key_id],
        "etcd-s3-secret-key": secrets[buckets.secret_access_key],
        **({"etcd-s3-endpoint-ca": stack.object_storage_ca} if stack.object_storage_ca else {}),
    }
