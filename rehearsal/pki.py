"""Keys, certificates and kubeconfigs of one rehearsal: made once, kept over restarts."""

import base64
import ssl

import trustme
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from rehearsal.home import Folder, write_private

DEPLOYER = "sophia-deployer"
"""The user that the engine and people act as; audit events and field managers can tell it from the controllers."""

SERVICE_NETWORK = "10.43.0.0/16"
"""Addresses of Services: the default of K3s."""

_API_SERVER_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "10.43.0.1",
)
_ADMINISTRATORS = "system:masters"
_CLIENTS = {
    # file: user, group; Kubernetes gives the first two their rights by name (RBAC, "core component roles")
    "kube-controller-manager": ("system:kube-controller-manager", "sophia"),
    "kube-scheduler": ("system:kube-scheduler", "sophia"),
    "kwok": ("kwok", _ADMINISTRATORS),
    "deployer": (DEPLOYER, _ADMINISTRATORS),
}


def create(folder: Folder, address: str) -> None:
    """Make the keys, certificates and kubeconfigs of a rehearsal unless they are there and whole.

    Three authorities, as kubeadm has them: the cluster's; etcd's, so that no credential of the cluster opens its
    database; and the one by which the API server speaks for its users to aggregated APIs. Each ``.pem``
    holds a key and its certificate, so that the two can never be out of step. The file ``made`` is written last: a set
    without it, or made for another address, is made anew.

    Args:
        folder: the rehearsal.
        address: where its services listen.
    """
    made = folder.pki / "made"
    if made.exists() and made.read_text(encoding="utf-8") == address and folder.kubeconfig.exists():
        return
    made.unlink(missing_ok=True)
    cluster, database, proxy = (_authority(folder, name) for name in ("cluster", "etcd", "front-proxy"))
    _keep(folder, "etcd", database.issue_cert(address, common_name="etcd"))
    _keep(folder, "etcd-client", database.issue_cert("kube-apiserver", common_name="kube-apiserver"))
    _keep(folder, "front-proxy-client", proxy.issue_cert("kube-apiserver", common_name="front-proxy-client"))
    _keep(folder, "kube-apiserver", cluster.issue_cert(address, *_API_SERVER_NAMES, common_name="kube-apiserver"))
    for name, (user, group) in _CLIENTS.items():
        _keep(folder, name, cluster.issue_cert(address, common_name=user, organization_name=group))
        write_private(folder.pki / f"{name}.kubeconfig", _kubeconfig(folder, address, name, user))
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    write_private(folder.pki / "service-account.key", pem.decode())
    write_private(folder.kubeconfig, (folder.pki / "deployer.kubeconfig").read_text(encoding="utf-8"))
    write_private(made, address)


def trust(folder: Folder) -> ssl.SSLContext:
    """Return how this program speaks to the rehearsal's services: as the deployer, trusting their authority alone."""
    context = ssl.create_default_context(cafile=folder.pki / "cluster-ca.crt")
    context.load_cert_chain(folder.pki / "deployer.pem")
    return context


def _authority(folder: Folder, name: str) -> trustme.CA:
    authority = trustme.CA(organization_name="Sophia rehearsal", organization_unit_name=f"{folder.stack} {name}")
    certificate = authority.cert_pem.bytes().decode()
    write_private(folder.pki / f"{name}-ca.crt", certificate)
    write_private(folder.pki / f"{name}-ca.pem", authority.private_key_pem.bytes().decode() + certificate)
    return authority


def _keep(folder: Folder, name: str, certificate: trustme.LeafCert) -> None:
    write_private(folder.pki / f"{name}.pem", certificate.private_key_and_cert_chain_pem.bytes().decode())


def _kubeconfig(folder: Folder, address: str, name: str, user: str) -> str:
    """A kubeconfig that holds everything it needs, so that it can travel as one configuration value."""
    pair = (folder.pki / f"{name}.pem").read_bytes()
    authority = (folder.pki / "cluster-ca.crt").read_bytes()
    cluster = {"server": f"https://{address}:6443", "certificate-authority-data": _data(authority)}
    credential = {"client-certificate-data": _data(pair), "client-key-data": _data(pair)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": folder.stack,
        "clusters": [{"name": folder.stack, "cluster": cluster}],
        "users": [{"name": user, "user": credential}],
        "contexts": [{"name": folder.stack, "context": {"cluster": folder.stack, "user": user}}],
    }
    return yaml.safe_dump(document, sort_keys=False)


def _data(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
