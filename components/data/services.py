"""``sophia:data:DataServices``."""

from collections.abc import Callable, Mapping

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

import catalog
import catalog.workload
from catalog import egress
from catalog.collection import VECTOR_STORE
from catalog.namespace import SERVERS
from catalog.secret import POSTGRESQL_SECRETS
from components.data import authority, migrations, postgresql, valkey
from components.data.task import Task
from components.workload.labels import POD_SECURITY
from components.workload.namespace import Guarded
from components.workload.objects import AUTHORITY
from components.workload.workload import Workload

_FILES: Mapping[str, Callable[[catalog.workload.Workload], Mapping[str, str]]] = {
    postgresql.NAME: postgresql.files,
    valkey.NAME: valkey.files,
}
"""Configuration of the services that read files, by name."""

_OF_LIMIT = 0.9
"""How much of a container's memory a program in Go is told that there is: the rest is not under its collector."""


class DataServices(pulumi.ComponentResource):
    """``sophia:data:DataServices``: what keeps data runs in one namespace, each with its volume on one node.

    Creates:
        - Namespace with the Pod Security Standard "restricted" enforced.
        - ResourceQuota and LimitRange, computed from the stack's nodes.
        - NetworkPolicy that denies everything, both ways.
        - Secret with the registry's credentials.
        - Issuer for the authority of the services, and for the one that signs itself.
        - Certificate of that authority.
        - ``sophia:workload:Workload`` for each data service.
        - ``sophia:data:Task`` that makes PostgreSQL's databases, roles and schema.

    Does not create what is in them beyond that.
    """

    addresses: pulumi.Output[Mapping[str, str]]
    """Host and port by which pods of the cluster reach each service, by its name."""

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        secrets: Mapping[str, pulumi.Output[str]],
        fingerprint_key: pulumi.Output[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the services.

        Args:
            name: logical name, and the name of the namespace.
            stack: the stack's choice from the catalog: its data services, its nodes, its images.
            secrets: secret values by canonical name, those that pull images among them.
            fingerprint_key: key of the checksums that stand for secrets in the pods' annotations.
            opts: resource options.
        """
        super().__init__("sophia:data:DataServices", name, {"stack": stack.name, "pod_security": POD_SECURITY}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.namespace = namespace = Guarded(name, stack=stack, secrets=secrets, opts=child)
        self._authority(name, namespace)
        self.by_name = {
            spec.name: Workload(
                spec.object_name,
                spec=spec,
                namespace=namespace.name,
                image=stack.image(spec.image),
                environment=environment(spec),
                files=_FILES[spec.name](spec) if spec.name in _FILES else None,
                secrets={use.env: secrets[use.secret] for use in spec.secrets if use.env},
                secret_files={use.file: secrets[use.secret] for use in spec.secrets if use.file},
                fingerprint_key=fingerprint_key,
                pull_secret=namespace.pull_secret,
                opts=child,
            )
            for spec in stack.data
        }
        self._migrate(name, namespace, stack, secrets, fingerprint_key)
        addresses = {one.name: f"{one.object_name}.{name}.svc:{one.ports[0].port}" for one in stack.data}
        self.addresses = pulumi.Output.from_input(addresses)
        self.register_outputs({"addresses": self.addresses})

    def _authority(self, name: str, namespace: Guarded) -> None:
        """Make who signs the certificates of the services."""
        made = [(f"{called}-issuer", "Issuer", called, spec) for called, spec in authority.issuers().items()]
        made.append((f"{AUTHORITY}-certificate", "Certificate", AUTHORITY, authority.certificate()))
        for logical, kind, called, spec in made:
            CustomResource(
                f"{name}-{logical}",
                api_version="cert-manager.io/v1",
                kind=kind,
                metadata={"name": called, **namespace.inside},
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _migrate(
        self,
        name: str,
        namespace: Guarded,
        stack: catalog.Stack,
        secrets: Mapping[str, pulumi.Output[str]],
        fingerprint_key: pulumi.Output[str],
    ) -> None:
        """Bring PostgreSQL's databases, roles and schema to what is declared, once it serves."""
        (server,) = [one for one in stack.data if one.name == postgresql.NAME]
        Task(
            migrations.NAME,
            namespace=namespace.name,
            image=stack.image(server.image),
            command=("sh", f"/etc/{migrations.NAME}/migrate.sh"),
            environment=migrations.environment(f"{server.object_name}.{name}.svc"),
            files=migrations.files(stack.migrations),
            secrets={variable: secrets[secret] for variable, secret in POSTGRESQL_SECRETS.items()},
            reached={server.name: server.ports[0].port},
            authority=AUTHORITY,
            fingerprint_key=fingerprint_key,
            pull_secret=namespace.pull_secret,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.by_name[server.name]]),
        )


def environment(spec: catalog.workload.Workload) -> dict[str, str]:
    """Return what a data service is told beside what its entry says."""
    memory = round(spec.resources.limits.mebibytes * _OF_LIMIT)
    in_go = {"GOMEMLIMIT": f"{memory}MiB"} if spec.name == VECTOR_STORE else {}
    return {**in_go, **egress.environment(spec, SERVERS)}
