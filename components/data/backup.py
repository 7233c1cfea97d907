"""``sophia:data:Backup``."""

import json
from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.batch.v1 import CronJob
from pulumi_kubernetes.core.v1 import ConfigMap, Secret
from pulumi_kubernetes.networking.v1 import NetworkPolicy

import catalog
from catalog import egress
from catalog.backups import VERBS, Verb
from catalog.namespace import SERVERS
from catalog.workload import Workload
from components.data import migrations, postgresql, task_pod
from components.workload import objects
from components.workload.labels import PLATFORM, WORKLOAD
from components.workload.pod import Manifest

_USER = 1000
_MIGRATED = (postgresql.NAME, "restore")
"""Where roles are made before, which a new database lacks, and the schema after: a backup may be older than it."""
_SECONDS = 4 * 3600
"""How long one run may take."""


class Backup(pulumi.ComponentResource):
    """``sophia:data:Backup``: a data service is backed up by schedule, encrypted, and its newest backup is tried out.

    Creates:
        - Secret with what each verb needs to know.
        - ConfigMap with the authority of the object storage, where it is no usual one.
        - NetworkPolicy.
        - CronJob for each verb: backup, drill, and restore, which only runs when somebody asks for it.

    Does not create the bucket, or what it backs up.
    """

    schedule: pulumi.Output[str]
    """When it is backed up, as cron has it."""

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        spec: Workload,
        namespace: pulumi.Input[str],
        host: str,
        authority: str,
        secrets: Mapping[str, pulumi.Output[str]],
        pull_secret: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build it.

        Args:
            name: logical name, and what the names of its objects begin with.
            stack: the stack's choice from the catalog: its backups, its buckets.
            spec: the service.
            namespace: its namespace.
            host: the service's name in the cluster.
            authority: name of the Secret of who signs the services' certificates.
            secrets: secret values by canonical name.
            pull_secret: name of the image pull secret.
            opts: resource options.
        """
        backups, storage = stack.backups, stack.object_storage
        buckets = storage.buckets[backups.bucket]
        bucket = buckets.names[stack.name]
        facts = {"service": spec.name, "bucket": bucket, "schedule": backups.schedule}
        super().__init__("sophia:data:Backup", name, facts, opts)
        child = pulumi.ResourceOptions(parent=self)
        service = backups.services[spec.name]
        led_out = egress.backups(spec)
        resources = backups.resources.model_dump(include={"requests", "limits"})

        def metadata(verb: str) -> Manifest:
            return {
                "name": f"{name}-{verb}",
                "namespace": namespace,
                "labels": {WORKLOAD: spec.backup_name, **PLATFORM},
            }

        trusted = f"{name}-storage-authority" if stack.object_storage_ca else None
        plain = {
            "STACK": stack.name,
            "BACKUP_RETENTION": json.dumps(dict(backups.retention), sort_keys=True),
            "RESTIC_REPOSITORY": f"s3:{storage.url}/{bucket}/{spec.name}",
            "RESTIC_CACHE_DIR": "/tmp/restic",  # noqa: S108 - a path in a container
            "AWS_DEFAULT_REGION": storage.region,
            **({"RESTIC_CACERT": "/run/storage-authority/ca.crt"} if trusted else {}),
            **egress.environment(led_out, SERVERS),
        }
        opened = {
            "RESTIC_PASSWORD": secrets[buckets.encryption_key],
            "AWS_ACCESS_KEY_ID": secrets[buckets.access_key_id],
            "AWS_SECRET_ACCESS_KEY": secrets[buckets.secret_access_key],
        }
        needed: list[pulumi.Resource] = [
            NetworkPolicy(
                f"{name}-network-policy",
                metadata=metadata("network-policy"),
                spec=objects.task_policy(
                    spec.backup_name, {spec.name: spec.ports[0].port, egress.PROXY: egress.port(led_out)}
                ),
                opts=child,
            )
        ]
        if trusted:
            needed.append(
                ConfigMap(
                    trusted,
                    metadata=metadata("storage-authority"),
                    data={"ca.crt": stack.object_storage_ca},
                    opts=child,
                )
            )
        for verb in VERBS:
            migrated = (spec.name, verb) == _MIGRATED
            roles = migrations.before_restore(stack.image(spec.image), host, resources) if migrated else None
            known = {variable: secrets[secret] for variable, secret in service.secrets(verb).items()}
            sealed = Secret(
                f"{name}-{verb}-secrets", metadata=metadata(verb), string_data={**opened, **known}, opts=child
            )
            CronJob(
                f"{name}-{verb}",
                metadata=metadata(verb),
                spec=_cron_job(
                    verb,
                    backups.drill_schedule if verb == "drill" else backups.schedule,
                    task_pod.pod(
                        spec.backup_name,
                        image=stack.image(backups.image),
                        command=("python3", "-m", "backup", spec.name, verb),
                        secret=f"{name}-{verb}",
                        environment={
                            **plain,
                            **service.environment(verb, host),
                            **({"MIGRATIONS": migrations.SCRIPT} if migrated else {}),
                        },
                        user=_USER,
                        pull_secret=pull_secret,
                        resources=resources,
                        authority=authority,
                        storage_authority=trusted,
                        aside=backups.aside,
                        files=migrations.NAME if migrated else None,
                        before=roles,
                    ),
                ),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[*needed, sealed]),
            )
        self.schedule = pulumi.Output.from_input(backups.schedule)
        self.register_outputs({"schedule": self.schedule})


def _cron_job(verb: Verb, schedule: str, template: Manifest) -> Manifest:
    # What a restore left half done refuses the next one, for another reason than the first one failed for.
    tries = 1 if verb == "backup" else 0
    return {
        "schedule": schedule,
        "timeZone": "Etc/UTC",
        "suspend": verb == "restore",
        "concurrencyPolicy": "Forbid",
        # As long as it is late by less, it is made up for.
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"spec": {"backoffLimit": tries, "activeDeadlineSeconds": _SECONDS, "template": template}},
    }
