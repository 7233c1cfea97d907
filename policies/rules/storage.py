"""What keeps data: that nobody deletes it by the way."""

from collections.abc import Iterator
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Problem
from policies.resources import KubernetesObject, Resource
from policies.rule import Subjects, kubernetes, nsa, resources, rule, soc2

_COLLECTIONS: Final = resources("weaviate:index:Collection")
_CLAIMS: Final = kubernetes("PersistentVolumeClaim", "apps/StatefulSet")
_VOLUMES: Final = kubernetes("PersistentVolume", "storage.k8s.io/StorageClass", "apps/StatefulSet")

_KEPT: Final = Subjects(
    f"{_CLAIMS.what}, {_COLLECTIONS.what}",
    lambda token, context: _CLAIMS.covers(token, context) or _COLLECTIONS.covers(token, context),
    lambda resource, _: (resource,),
)


@rule(
    "K8S-STO-1",
    _KEPT,
    title="What keeps data is protected",
    severity=Severity.HIGH,
    standards=(nsa("C-0257"), soc2("A1.2"), soc2("C1.2")),
    remedy="set protect in its options",
    manifests=False,
)
def protected(resource: Resource, context: Context) -> Iterator[Problem]:
    """A renamed resource is one that is deleted, and with a claim or a collection goes what it holds."""
    holds = _COLLECTIONS.covers(resource.type, context)
    for one in _CLAIMS.find(resource, context):
        claims = one.body.items("spec", "volumeClaimTemplates")
        holds = holds or one.kind == "PersistentVolumeClaim" or bool(claims)
    if holds and not resource.options.flag("protect", unknown=True):
        yield resource.options.problem("must be true", "protect")


@rule(
    "K8S-STO-1-reclaim",
    _VOLUMES,
    title="Volumes outlive their claims",
    severity=Severity.HIGH,
    standards=(nsa("C-0257"), soc2("A1.2"), soc2("C1.2")),
    remedy="set Retain",
)
def retained(one: KubernetesObject, _: Context) -> Iterator[Problem]:
    """By default a dynamic volume goes with its claim."""
    keys = {
        "PersistentVolume": ("spec", "persistentVolumeReclaimPolicy"),
        "StorageClass": ("reclaimPolicy",),
    }.get(one.kind)
    if keys:
        policy = one.body.text(*keys, unknown="Retain")
        # Of a volume it is Retain by default, of a class Delete.
        if policy != "Retain" and not (policy is None and (one.kind == "PersistentVolume" or one.partial)):
            yield one.body.problem("must be Retain", *keys)
    if one.kind == "StatefulSet":
        retention = one.body.at("spec", "persistentVolumeClaimRetentionPolicy")
        for key in ("whenDeleted", "whenScaled"):
            if retention.text(key, unknown="Retain") == "Delete":
                yield retention.problem("must be Retain", key)
