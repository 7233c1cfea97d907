"""What a server's kubeconfig holds, and that nothing of it is told by an error."""

import ssl
from base64 import b64encode

import pytest
import trustme
import yaml

from rehearsal import RehearsalError
from rehearsal.kubeconfig import Kubeconfig

CANARY = "canary-5e1c"


def k3s_yaml(authority: trustme.CA, client: trustme.LeafCert) -> str:
    """What K3s writes to /etc/rancher/k3s/k3s.yaml."""
    data = {
        "certificate-authority-data": authority.cert_pem.bytes(),
        "client-certificate-data": client.cert_chain_pems[0].bytes(),
        "client-key-data": client.private_key_pem.bytes(),
    }
    encoded = {key: b64encode(value).decode() for key, value in data.items()}
    cluster = {
        "server": "https://127.0.0.1:6443",
        "certificate-authority-data": encoded.pop("certificate-authority-data"),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "default", "cluster": cluster}],
        "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
        "current-context": "default",
        "users": [{"name": "default", "user": encoded}],
    }
    return yaml.safe_dump(document)


@pytest.fixture(scope="module")
def written() -> str:
    authority = trustme.CA()
    return k3s_yaml(authority, authority.issue_cert(common_name="system:admin", organization_name="system:masters"))


def test_the_one_for_people_names_the_proxy_and_the_stack_and_holds_the_same_credentials(written: str) -> None:
    made = Kubeconfig.parse(written).text("dev", server="https://10.97.0.5:6443", proxy="http://127.64.1.1:8490")
    assert Kubeconfig.parse(made) == Kubeconfig.parse(written)
    document = yaml.safe_load(made)
    assert document["current-context"] == "dev"
    assert [one["name"] for key in ("clusters", "users", "contexts") for one in document[key]] == ["dev"] * 3
    cluster = document["clusters"][0]["cluster"]
    assert (cluster["server"], cluster["proxy-url"]) == ("https://10.97.0.5:6443", "http://127.64.1.1:8490")


def test_the_clusters_authority_alone_is_trusted(written: str) -> None:
    context = Kubeconfig.parse(written).trust()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.cert_store_stats()["x509_ca"] == 1


def test_no_key_is_told_by_a_representation(written: str) -> None:
    assert "key" not in repr(Kubeconfig.parse(written))


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{CANARY}: [",
        f"clusters: []\nusers: [{CANARY}]",
        f"clusters: [{{cluster: {{certificate-authority-data: '*{CANARY}*'}}}}]\nusers: [{{}}]",
        CANARY,
    ],
    ids=["nothing", "no YAML", "no cluster", "no base64", "a word"],
)
def test_what_is_no_kubeconfig_is_refused_without_a_word_of_it(text: str) -> None:
    with pytest.raises(RehearsalError, match="kubeconfig cannot be read") as refused:
        Kubeconfig.parse(text)
    assert CANARY not in str(refused.value)
    assert refused.value.__cause__ is None


def test_certificates_that_are_none_are_refused_without_a_word_of_them(written: str) -> None:
    document = yaml.safe_load(written)
    document["users"][0]["user"]["client-key-data"] = b64encode(CANARY.encode()).decode()
    with pytest.raises(RehearsalError, match="no usable certificates") as refused:
        Kubeconfig.parse(yaml.safe_dump(document)).trust()
    assert CANARY not in str(refused.value)
