"""What our components deliver: images and add-ons are those that were looked up, by their digests."""

import re
from collections.abc import Iterator

from catalog.policy import Severity
from policies.context import Context
from policies.field import Problem
from policies.resources import Resource
from policies.rule import nsa, resources, rule, soc2

_PINNED = re.compile(r".+@sha256:[0-9a-f]{64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ADDON = "sophia:addons:Addon"


@rule(
    "ART-1",
    resources("sophia:workload:Workload", "sophia:data:Task", _ADDON),
    title="What is delivered to the cluster has a locked digest, where the stack demands it",
    severity=Severity.HIGH,
    standards=(nsa("C-0075"), soc2("CC6.8"), soc2("CC8.1")),
    also=("CKV_K8S_43",),
    remedy="run `./sophia lock published`, or `./sophia lock addons`, and have catalog/lock/ reviewed",
)
def locked(resource: Resource, context: Context) -> Iterator[Problem]:
    """A tag is moved in a moment, and then the next pod that starts runs something else."""
    inputs = resource.inputs
    if resource.type == _ADDON:
        if not _DIGEST.fullmatch(inputs.text("digest", unknown="0" * 64) or ""):
            yield inputs.problem("must be that of catalog/lock/addons.yaml", "digest")
        return
    image = inputs.text("image", unknown=None)
    if inputs.at("image").value is None:
        yield inputs.problem("must be given", "image")
    elif image is not None and context.pins_images and not _PINNED.fullmatch(image):
        yield inputs.problem("must have the digest of catalog/lock/images.yaml", "image")
