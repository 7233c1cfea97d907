"""Workloads made to measure, and components built one at a time under the monitor that renders are recorded with."""

import asyncio
import contextvars
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pulumi
import pulumi.runtime
import pytest
from pulumi.resource import DependencyResource
from pulumi.runtime import rpc
from typing_extensions import override

import catalog
import components
from catalog import Stack
from catalog.account import FileSystem
from catalog.workload import Workload
from components.hosts.plan import HostPlan, hosts
from components.lambda_ import plan
from render import Resource
from render.loops import loops
from render.monitor import Monitor

PLAIN: Mapping[str, Any] = {
    "name": "sample",
    "title": "Sample",
    "description": "Stands for any workload",
    "tier": "SECONDARY",
    "owner": "dev_team",
    "cost_center": "Engineering",
    "data_class": "internal",
    "image": {"repository": "example/sample", "tag": "1.0.0", "platforms": ["amd64"]},
    "ports": [{"name": "mcp", "port": 9100}],
    "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}},
    "probes": {"liveness": {"path": "/health"}, "readiness": {"path": "/ready"}},
    "replicas": {"min": 2, "max": 2},
    "disruption": {"max_unavailable": 1},
}

STATEFUL: Mapping[str, Any] = {
    "kind": "StatefulSet",
    "volumes": [
        {"name": "data", "mount_path": "/data", "size": "10Gi", "persistent": True},
        {"name": "tmp", "mount_path": "/tmp", "size": "64Mi"},  # noqa: S108 - a path in a container
    ],
}

CI_KEY = b64encode(b"the public key of ci, 32 bytes..").decode()

StackOf = Callable[..., Stack]
WorkloadOf = Callable[..., Workload]


@pytest.fixture(scope="module", autouse=True)
def event_loops() -> Iterator[None]:
    """Outputs are made on the event loop of their thread."""
    with loops():
        yield


@pytest.fixture(scope="session")
def facts() -> catalog.Catalog:
    return catalog.load()


@pytest.fixture(scope="session")
def stack(facts: catalog.Catalog) -> StackOf:
    """Gives a stack of the catalog with all its own machines."""

    def choose(name: str, **choice: Any) -> Stack:
        machines = [machine for machine, fact in facts.machines.items() if fact.owner == name]
        given = {"image_lock": "rehearsal", "access_ci_public_key": CI_KEY, **choice}
        return facts.stack(name, machines=machines, **given)

    return choose


@pytest.fixture(scope="session")
def workload() -> WorkloadOf:
    """Gives a workload that differs from a plain one in what is named."""
    return lambda **changes: Workload.model_validate({**PLAIN, **changes})


@pytest.fixture(scope="session")
def stateful(workload) -> WorkloadOf:
    """Gives a workload with a directory that outlives its pods and one that does not."""
    return partial(workload, **STATEFUL)


class Recording(Monitor):
    """Records the names of every component's outputs too."""

    def __init__(self) -> None:
        super().__init__("sophia", "bench")
        self.registered: dict[str, set[str]] = {}

    @override
    def RegisterResourceOutputs(self, request: Any) -> Any:
        self.registered[request.urn] = set(request.outputs.fields)
        return super().RegisterResourceOutputs(request)


@dataclass(frozen=True)
class Built:
    """What building a component registered, and the component."""

    component: pulumi.ComponentResource
    resources: Mapping[str, Resource]
    registered: Mapping[str, set[str]]
    states: Mapping[str, Any]

    @property
    def root(self) -> Resource:
        """The component's own registration."""
        return next(r for r in self.resources.values() if not r.parent)

    @property
    def children(self) -> list[Resource]:
        """What the component created itself."""
        return [r for r in self.resources.values() if r.parent == self.root.urn]

    def one(self, kind: str) -> Resource:
        """The only resource of a kind."""
        (found,) = [r for r in self.resources.values() if r.type.endswith(f":{kind}")]
        return found

    def named(self, name: str) -> Resource:
        """The only resource with a logical name."""
        (found,) = [r for r in self.resources.values() if r.name == name]
        return found

    def state(self, name: str) -> Any:
        """What the provider was given for it, with the values of its secrets."""
        return _revealed(self.states[self.named(name).urn].state)


def _revealed(value: Any) -> Any:
    if isinstance(value, dict):
        return _revealed(value["value"]) if rpc.is_rpc_secret(value) else {k: _revealed(v) for k, v in value.items()}
    return value


Build = Callable[[Callable[[], pulumi.ComponentResource]], Built]


@pytest.fixture(scope="session")
def build() -> Build:
    """Builds one component and gives what it registered, after every output has been awaited."""

    def built(make: Callable[[], pulumi.ComponentResource]) -> Built:
        monitor, made = Recording(), []

        def run() -> None:
            pulumi.runtime.set_mocks(monitor.mocks, project="sophia", stack="bench", preview=True, monitor=monitor)
            pulumi.runtime.test(lambda: made.append(make()))()

        contextvars.copy_context().run(run)
        return Built(made[0], monitor.recorded, monitor.registered, monitor.resources)

    return built


def output(value: Any, *, known: bool, secret: bool = True) -> pulumi.Output[Any]:
    """An output as another resource hands it over: in a first preview nobody knows its value."""

    async def given(what: Any) -> Any:
        await asyncio.sleep(0)
        return what

    return pulumi.Output(given(set()), given(value if known else None), given(known), given(secret))


class Outputs:
    """A machine's outputs without the machine, so that what is built from them has one root."""

    def __init__(self, *, known: bool) -> None:
        self.instance = output("0" * 32, known=known, secret=False)
        self.address = output("203.0.113.7", known=known, secret=False)
        self.private_address = output(None, known=known, secret=False)


def backup_secrets(facts: catalog.Catalog) -> set[str]:
    """Names of all secrets, those that the vector store makes among them."""
    return {*facts.secrets, *(user.secret for user in facts.weaviate.users.values())}


class Inside:
    """A namespace of the platform, without what is in it."""

    def __init__(self, *, known: bool) -> None:
        self.name = output("somewhere", known=known, secret=False)
        self.pull_secret = output("registry", known=known, secret=False)


class Known(DependencyResource):
    """A resource that others depend on, without its registration."""

    def __init__(self, name: str, *, known: bool) -> None:
        super().__init__(f"urn:pulumi:bench::sophia::host:index:Host::{name}")
        self.__dict__["id"] = output("0" * 32, known=known, secret=False)
        self.pinned_host_key = output("ssh-ed25519 AAAA", known=known, secret=False)


class Whole(DependencyResource):
    """A host without what it consists of, so that what is built on it has one root."""

    def __init__(self, name: str, *, known: bool) -> None:
        super().__init__(f"urn:pulumi:bench::sophia::sophia:hosts:Host::{name}")
        self.resource = Known(f"{name}-host", known=known)
        self.connection = {"addresses": ["10.97.0.1", "203.0.113.7"], "host_key": self.resource.pinned_host_key}


@pytest.fixture(scope="session")
def on_the_cluster(facts, stack):
    """Gives ways to build what serves workloads and is none itself."""

    def addon(called: str, name: str, *, known: bool) -> pulumi.ComponentResource:
        del known  # all that it is given is plain
        return components.Addon(name, addon=called, stack=stack("dev"))

    def addons(name: str, *, known: bool) -> pulumi.ComponentResource:
        del known  # all that it is given is plain
        return components.Addons(name, stack=stack("dev"))

    def gateway(issuer: str, name: str, *, known: bool) -> pulumi.ComponentResource:
        del known  # all that it is given is plain
        return components.Gateway(name, stack=stack("dev", issuer=issuer))

    def data(name: str, *, known: bool) -> pulumi.ComponentResource:
        return components.DataServices(
            name,
            stack=stack("dev"),
            secrets={secret: output(f"value of {secret}", known=known) for secret in facts.secrets},
            fingerprint_key=output("key", known=known),
        )

    def task(name: str, *, known: bool) -> pulumi.ComponentResource:
        return components.Task(
            name,
            namespace=output("somewhere", known=known, secret=False),
            image="example/sample:1.0.0",
            command=("true",),
            environment={"WHAT": "it"},
            files={"what.sh": "true"},
            secrets={"TOKEN": output("value", known=known)},
            reached={"postgresql": 5432},
            authority="authority",
            fingerprint_key=output("key", known=known),
            pull_secret=output("registry", known=known, secret=False),
        )

    def kept(ca: str, service: str, name: str, *, known: bool) -> pulumi.ComponentResource:
        chosen = replace(stack("dev"), object_storage_ca=ca)
        (spec,) = [one for one in chosen.data if one.name == service]
        return components.Backup(
            name,
            stack=chosen,
            spec=spec,
            namespace=output("somewhere", known=known, secret=False),
            host="somewhere",
            authority="authority",
            secrets={secret: output(f"value of {secret}", known=known) for secret in backup_secrets(facts)},
            pull_secret=output("registry", known=known, secret=False),
        )

    def all_kept(name: str, *, known: bool) -> pulumi.ComponentResource:
        namespace: Any = Inside(known=known)
        secrets = {secret: output(f"value of {secret}", known=known) for secret in backup_secrets(facts)}
        return components.Backups(name, stack=stack("dev"), namespace=namespace, called="x", secrets=secrets)

    def memory(chosen: str, name: str, *, known: bool) -> pulumi.ComponentResource:
        del known  # all that it is given is plain
        return components.Memory(name, stack=stack(chosen))

    return {
        "Backup": [partial(kept, "", "postgresql"), partial(kept, "the CA", "weaviate")],
        "Backups": [all_kept],
        "DataServices": [data],
        "Task": [task],
        "Memory": [partial(memory, "dev"), partial(memory, "prod")],
        "Addon": [partial(addon, name) for name in stack("dev").addons],
        "Addons": [addons],
        "Gateway": [partial(gateway, "acme"), partial(gateway, "own-ca")],
    }


@pytest.fixture(scope="session")
def at_the_edge(facts, stack):
    """Gives ways to build what visitors of the public sites meet first."""

    def zone(dns: str, name: str, *, known: bool) -> pulumi.ComponentResource:
        chosen = stack("prod", dns=dns)
        addresses = {machine: output("203.0.113.7", known=known, secret=False) for machine in chosen.machines}
        asked = {"app.example.test": {"_vercel.example.test": "vc-domain-verify=app,1234"}}
        proven = output(asked, known=known, secret=False)
        return components.Zone(name, stack=chosen, addresses=addresses, verifications=proven)

    def sites(frontend: str, leaving: str, name: str, *, known: bool) -> pulumi.ComponentResource:
        chosen = stack("prod", frontend=frontend, frontend_leaving=leaving, legacy_projects={"dist": "prj_" + "0" * 28})
        return components.Sites(
            name,
            stack=chosen,
            gateway=output("mcp.example.test", known=known, secret=False),
            secrets={secret: output(f"value of {secret}", known=known) for secret in facts.secrets},
            fingerprint_key=output("key", known=known),
        )

    def site(name: str, *, known: bool) -> pulumi.ComponentResource:
        return components.Site(
            name,
            stack=stack("prod"),
            site="app",
            gateway=output("mcp.example.test", known=known, secret=False),
            secrets={},
        )

    return {
        "Site": [site],
        "Sites": [partial(sites, "vercel", ""), partial(sites, "vercel", "cluster"), partial(sites, "cluster", "")],
        "Zone": [partial(zone, "rfc2136"), partial(zone, "vercel")],
    }


@pytest.fixture(scope="session")
def examples(stack, workload, stateful, on_the_cluster, at_the_edge):
    """Gives ways to build each public component, which together create everything it may create.

    Each takes the component's name and whether its inputs are known.
    """

    def fleet(name: str, *, known: bool) -> pulumi.ComponentResource:
        names = {"DOCKERHUB_USERNAME", "DOCKER_TOKEN", "LINEAR_API_KEY", "MCP_REQUEST_STATE_KEY"}
        return components.McpFleet(
            name,
            stack=stack("dev", mcp_servers=("linear",)),
            secrets={secret: output(f"value of {secret}", known=known) for secret in names},
            fingerprint_key=output("key", known=known),
            api_server=output("203.0.113.1", known=known, secret=False),
        )

    def one(
        spec: Workload,
        secrets: tuple[str, ...],
        name: str,
        *,
        known: bool,
        exposed: bool = False,
        sealed: tuple[str, ...] = (),
    ) -> pulumi.ComponentResource:
        return components.Workload(
            name,
            spec=spec,
            namespace=output("somewhere", known=known, secret=False),
            image="example/sample:1.0.0",
            environment={"ENVIRONMENT": "bench"},
            secrets={secret: output(f"value of {secret}", known=known) for secret in secrets},
            fingerprint_key=output("key", known=known),
            pull_secret=output("registry", known=known, secret=False),
            secret_files={file: output(f"value of {file}", known=known) for file in sealed},
            files={"settings.json": "{}"} if exposed else None,
            route={"rules": []} if exposed else None,
        )

    def cluster(chosen: Stack, name: str, *, known: bool) -> pulumi.ComponentResource:
        del known  # all that it is given is plain
        return components.LambdaCluster(name, stack=chosen)

    def machine(adopt: str | None, name: str, *, known: bool) -> pulumi.ComponentResource:
        (planned,) = plan.machines(stack("dev"))
        rulesets = [output("ruleset", known=known, secret=False)]
        return components.Machine(name, plan=replace(planned, adopt=adopt), rulesets=rulesets)

    def host(planned: HostPlan, name: str, *, known: bool) -> pulumi.ComponentResource:
        return components.Host(
            name,
            plan=planned,
            machine=output("0" * 32, known=known, secret=False),
            address=output("203.0.113.7", known=known, secret=False),
            nodes=output(["203.0.113.7"], known=known, secret=False),
        )

    def all_hosts(name: str, *, known: bool) -> pulumi.ComponentResource:
        chosen = stack("staging")
        machines: Any = {machine: Outputs(known=known) for machine in chosen.machines}
        key = output("key", known=known)
        return components.Hosts(name, stack=chosen, machines=machines, fingerprint_key=key)

    def account_firewall(name: str, *, known: bool) -> pulumi.ComponentResource:
        del known  # all that it is given is plain
        return components.AccountFirewall(name, stack=prod)

    def k3s(chosen: Stack, name: str, *, known: bool) -> pulumi.ComponentResource:
        machines: Any = {machine: Outputs(known=known) for machine in chosen.machines}
        hosts: Any = {machine: Whole(machine, known=known) for machine in chosen.machines}
        names = ("K3S_TOKEN", "K3S_AGENT_TOKEN", "LAMBDA_SSH_PRIVATE_KEY")
        secrets = {secret: output(f"value of {secret}", known=known) for secret in names}
        return components.K3sCluster(name, stack=chosen, machines=machines, hosts=hosts, secrets=secrets)

    prod = stack("prod")
    (planned_host,) = hosts(stack("dev"))
    system = FileSystem(owner="prod", region="us-east-3")
    owning = replace(prod, account=prod.account.model_copy(update={"file_systems": {"models": system}}))
    scaling = workload(autoscaling={"cpu_percent": 70}, replicas={"min": 2, "max": 4})
    return {
        "AccountFirewall": [account_firewall],
        **on_the_cluster,
        **at_the_edge,
        "Host": [partial(host, planned_host)],
        "Hosts": [all_hosts],
        "K3sCluster": [partial(k3s, stack("staging")), partial(k3s, prod)],
        "LambdaCluster": [partial(cluster, owning), partial(cluster, stack("staging"))],
        "Machine": [partial(machine, None), partial(machine, "0" * 32)],
        "McpFleet": [fleet],
        "Workload": [
            partial(one, scaling, ("TOKEN",), exposed=True),
            partial(one, stateful(), ()),
            partial(one, workload(), (), sealed=("tls.key",)),
            partial(one, workload(tls=True), ()),
        ],
    }
