"""What can be launched: types, prices, regions, images and capacity."""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import catalog
from catalog import Catalog
from rehearsal.lambda_cloud import errors
from rehearsal.lambda_cloud.clock import EPOCH
from rehearsal.lambda_cloud.records import State

REGIONS: Mapping[str, str] = {
    "us-east-1": "Virginia, USA",
    "us-east-2": "Washington DC, USA",
    "us-east-3": "Washington DC, USA",
    "us-west-1": "California, USA",
    "us-west-2": "Arizona, USA",
    "us-west-3": "Utah, USA",
    "us-south-1": "Texas, USA",
    "us-south-2": "Texas, USA",
    "us-midwest-1": "Illinois, USA",
    "us-midwest-2": "Illinois, USA",
    "europe-central-1": "Germany",
    "europe-south-1": "Italy",
    "me-west-1": "Israel",
    "asia-south-1": "India",
    "asia-northeast-1": "Osaka, Japan",
    "asia-northeast-2": "Tokyo, Japan",
    "australia-east-1": "Sydney, Australia",
}
"""The regions; their descriptions are ours, the names the vendor's."""

_FAMILIES = ("lambda-stack-24-04", "lambda-stack-22-04", "gpu-base-24-04")
_ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}


@cache
def known() -> Catalog:
    """Return the catalog, read once per process: a test may serve hundreds of accounts."""
    return catalog.load()


def prices() -> dict[str, int]:
    """Return cents per hour by instance type: the catalog's default price book."""
    return dict(known().price_books[known().limits.default_price_book].hourly_cents)


def capacity() -> dict[str, dict[str, int | None]]:
    """Return the capacity of a new account: as much as one likes of every type where a stack may have machines."""
    regions = sorted({region for stack in known().limits.stacks.values() for region in stack.regions})
    return {name: dict.fromkeys(regions) for name in prices()}


def region(name: str) -> dict[str, str]:
    """Return a region as the API shows it."""
    return {"name": name, "description": REGIONS[name]}


@cache
def images() -> tuple[dict[str, Any], ...]:
    """Return the images as the API shows them: every family for both architectures in every region."""
    return tuple(
        _image(family, architecture, name)
        for name in REGIONS
        for architecture in sorted(_ARCHITECTURES.values())
        for family in _FAMILIES
    )


def find_image(wanted: Mapping[str, str], type_name: str, region_name: str) -> str:
    """Return the id of the image a launch asks for.

    Args:
        wanted: ``id`` or ``family``; empty for the default, the latest Lambda Stack.
        type_name: the instance type, which decides the architecture.
        region_name: where it is launched.

    Raises:
        ApiError: when no such image exists there for that architecture.
    """
    architecture = _ARCHITECTURES[known().instance_types[type_name].architecture]
    wanted = wanted or {"family": _FAMILIES[0]}
    found = [
        image["id"]
        for image in images()
        if image["region"]["name"] == region_name
        and image["architecture"] == architecture
        and all(image[key] == value for key, value in wanted.items())
    ]
    if not found:
        raise errors.missing(because=f"No image {dict(wanted)} for {architecture} in {region_name}.")
    return str(found[0])


def _image(family: str, architecture: str, region_name: str) -> dict[str, Any]:
    identity = hashlib.sha256(f"{family} {architecture} {region_name}".encode()).hexdigest()[:32]
    return {
        "id": identity,
        "name": f"{family} {architecture}",
        "description": f"{family} for {architecture}",
        "family": family,
        "version": "24.4.0",
        "architecture": architecture,
        "region": region(region_name),
        "created_time": EPOCH.isoformat(),
        "updated_time": EPOCH.isoformat(),
    }


class Market:
    """What an account can launch.

    Args:
        state: the account's.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def type(self, name: str) -> dict[str, Any]:
        """Return an instance type as the API shows it; a size that no source records is 0."""
        kind = known().instance_types[name]
        gpu = kind.gpu
        memory = f" ({gpu.memory_gib} GB)" if gpu and gpu.memory_gib else ""
        model = f"{gpu.model.upper()}{memory}" if gpu else "N/A"
        return {
            "name": name,
            "description": f"{gpu.count}x {model}" if gpu else f"{kind.vcpus}x CPU",
            "gpu_description": model,
            "price_cents_per_hour": self._state.prices[name],
            "specs": {
                "vcpus": kind.vcpus or 0,
                "memory_gib": kind.memory_gib or 0,
                "storage_gib": kind.disk_gib or 0,
                "gpus": gpu.count if gpu else 0,
            },
        }

    def types(self) -> dict[str, Any]:
        """Return every type with the regions that have capacity, as the API shows them."""
        return {
            name: {
                "instance_type": self.type(name),
                "regions_with_capacity_available": [
                    region(place) for place, free in sorted(self._state.capacity.get(name, {}).items()) if free != 0
                ],
            }
            for name in sorted(self._state.prices)
        }

    def boot_seconds(self, name: str) -> float:
        """Return how long a type boots: the lower ends of what the vendor says, more for more GPUs."""
        gpu = known().instance_types[name].gpu
        if gpu is None:
            return 90.0
        return {1: 200.0, 2: 600.0, 4: 750.0}.get(gpu.count, 900.0)

    def take(self, name: str, place: str) -> None:
        """Take one machine; who gives one back gives it to somebody else, so nothing comes back.

        Raises:
            ApiError: when there is none.
        """
        free = self._state.capacity.get(name, {}).get(place, 0)
        if free == 0:
            raise errors.no_capacity()
        if free is not None:
            self._state.capacity[name][place] = free - 1
