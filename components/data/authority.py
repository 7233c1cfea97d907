"""Who signs the certificates of data services: an authority of the cluster's own, by cert-manager."""

from components.workload.objects import AUTHORITY
from components.workload.pod import Manifest

ROOT = f"{AUTHORITY}-root"
"""Name of the Issuer by which the authority signs itself."""


def issuers() -> dict[str, Manifest]:
    """Return the specs of the Issuers, by name."""
    return {ROOT: {"selfSigned": {}}, AUTHORITY: {"ca": {"secretName": AUTHORITY}}}  # pragma: allowlist secret


def certificate() -> Manifest:
    """Return the spec of the authority's own Certificate, which its Issuer of the same name signs with."""
    return {
        "isCA": True,
        "commonName": "Sophia data services",
        "secretName": AUTHORITY,  # pragma: allowlist secret
        "duration": "87600h0m0s",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": ROOT},
    }
