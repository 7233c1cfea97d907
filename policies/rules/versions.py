"""Versions of the API that are gone, or will be."""

from collections.abc import Iterator, Mapping
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Problem
from policies.resources import KubernetesObject
from policies.rule import OBJECTS, rule, soc2

_ALL: Final = "*"
_GONE: Final[Mapping[str, tuple[str, ...]]] = {
    "extensions/v1beta1": (_ALL,),
    "apps/v1beta1": (_ALL,),
    "apps/v1beta2": (_ALL,),
    "networking.k8s.io/v1beta1": ("Ingress", "IngressClass"),
    "policy/v1beta1": (_ALL,),
    "batch/v1beta1": (_ALL,),
    "batch/v2alpha1": (_ALL,),
    "autoscaling/v2beta1": (_ALL,),
    "autoscaling/v2beta2": (_ALL,),
    "rbac.authorization.k8s.io/v1alpha1": (_ALL,),
    "rbac.authorization.k8s.io/v1beta1": (_ALL,),
    "admissionregistration.k8s.io/v1beta1": ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
    "apiextensions.k8s.io/v1beta1": (_ALL,),
    "apiregistration.k8s.io/v1beta1": (_ALL,),
    "authentication.k8s.io/v1beta1": ("TokenReview",),
    "authorization.k8s.io/v1beta1": (_ALL,),
    "certificates.k8s.io/v1beta1": ("CertificateSigningRequest",),
    "coordination.k8s.io/v1beta1": ("Lease",),
    "discovery.k8s.io/v1beta1": (_ALL,),
    "events.k8s.io/v1beta1": (_ALL,),
    "flowcontrol.apiserver.k8s.io/v1alpha1": (_ALL,),
    "flowcontrol.apiserver.k8s.io/v1beta1": (_ALL,),
    "flowcontrol.apiserver.k8s.io/v1beta2": (_ALL,),
    "flowcontrol.apiserver.k8s.io/v1beta3": (_ALL,),
    "node.k8s.io/v1alpha1": (_ALL,),
    "node.k8s.io/v1beta1": (_ALL,),
    "scheduling.k8s.io/v1alpha1": ("PriorityClass",),
    "scheduling.k8s.io/v1beta1": (_ALL,),
    "settings.k8s.io/v1alpha1": (_ALL,),
    "storage.k8s.io/v1beta1": ("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "CSIStorageCapacity"),
    # Of what the platform uses beside Kubernetes itself.
    "cert-manager.io/v1alpha2": (_ALL,),
    "cert-manager.io/v1alpha3": (_ALL,),
    "cert-manager.io/v1beta1": (_ALL,),
    "certmanager.k8s.io/v1alpha1": (_ALL,),
    "gateway.networking.k8s.io/v1alpha1": (_ALL,),
    "traefik.containo.us/v1alpha1": (_ALL,),
}
_LEAVING: Final[Mapping[str, tuple[str, ...]]] = {
    "v1": ("ComponentStatus", "Endpoints"),
    "gateway.networking.k8s.io/v1beta1": ("Gateway", "GatewayClass", "HTTPRoute"),
    "gateway.networking.k8s.io/v1alpha2": ("Gateway", "GatewayClass", "HTTPRoute"),
}


@rule(
    "K8S-API-1",
    OBJECTS,
    title="Objects are of versions that the API server will keep",
    severity=Severity.HIGH,
    standards=(soc2("CC8.1"),),
    also=("stable-version", "no-extensions-v1beta", "KSV-0107"),
    remedy="write it in the version that took its place (kubernetes.io/docs/reference/using-api/deprecation-guide)",
)
def kept(one: KubernetesObject, _: Context) -> Iterator[Problem]:
    """The API server does not know it any more, or will not after an upgrade: the whole deployment stops there."""
    version = f"{one.group}/{one.version}" if one.group else one.version
    if _among(_GONE.get(version, ()), one.kind):
        yield one.body.problem("must be a version that the API server has", "apiVersion")
    elif _among(_LEAVING.get(version, ()), one.kind):
        yield one.body.problem("must be a version that is not deprecated", "apiVersion")


def _among(kinds: tuple[str, ...], kind: str) -> bool:
    return kind in kinds or _ALL in kinds
