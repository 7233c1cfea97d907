"""Instances of a cloud account."""

from dataclasses import dataclass

TITLE = "Lambda Labs CLI"


@dataclass(frozen=True)
class Instance:
    """One instance."""

    name: str
    """Its name."""
    instance_type: str
    """Its type, such as gpu_1x_a10."""
    region: str
    """Where it is."""
    status: str
    """How it is."""


_INSTANCES = (
    Instance("sample-core", "gpu_1x_gh200", "us-east-3", "active"),
    Instance("sample-worker", "gpu_1x_a10", "us-west-1", "active"),
)


def list_instances(region: str | None = None) -> list[Instance]:
    """List instances, all or those of one region."""
    return [one for one in _INSTANCES if region in {None, one.region}]


def list_instance_types() -> list[str]:
    """List the types of instances that are offered."""
    return ["cpu_4x_general", "gpu_1x_a10", "gpu_1x_gh200"]


def launch_instance(name: str, instance_type: str, region: str) -> Instance:
    """Launch an instance; it costs money from then on."""
    return Instance(name, instance_type, region, "booting")


def terminate_instance(name: str) -> Instance:
    """Terminate an instance; what is on it is lost."""
    return Instance(name, "", "", "terminating")


READS = (list_instances, list_instance_types)
WRITES = (launch_instance, terminate_instance)
