"""A kubeconfig is parsed and made anew: names, address and proxy are data, and its end is known."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from providers.host.kubeconfig import UnreadableKubeconfigError, kubeconfig


def written(days: float = 365) -> str:
    """Return a kubeconfig as K3s writes it, whose certificate lasts some days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "default")])
    now = datetime.now(UTC)
    begun = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    begun = begun.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=days))
    pem = begun.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    data = base64.b64encode(pem).decode()
    return f"""apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {data}
    server: https://127.0.0.1:6443
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
users:
- name: default
  user:
    client-certificate-data: {data}
    client-key-data: {data}
"""


def test_cluster_user_and_context_are_renamed_and_the_address_is_the_servers():
    made = yaml.safe_load(kubeconfig(written(), server="https://203.0.113.5:6443", context="prod").text)
    assert made["current-context"] == "prod"
    assert made["contexts"] == [{"name": "prod", "context": {"cluster": "prod", "user": "prod"}}]
    assert [made["clusters"][0]["name"], made["users"][0]["name"]] == ["prod", "prod"]
    assert made["clusters"][0]["cluster"]["server"] == "https://203.0.113.5:6443"
    assert "proxy-url" not in made["clusters"][0]["cluster"]


def test_a_proxy_leads_there_where_one_is_given():
    made = kubeconfig(written(), server="https://a:6443", context="dev", proxy_url="http://127.0.0.1:8080")
    assert yaml.safe_load(made.text)["clusters"][0]["cluster"]["proxy-url"] == "http://127.0.0.1:8080"


def test_the_word_default_in_data_is_left_alone():
    text = written().replace("client-key-data: ", "client-key-data: default")
    made = kubeconfig(text, server="https://a:6443", context="dev").text
    assert yaml.safe_load(made)["users"][0]["user"]["client-key-data"].startswith("default")


@pytest.mark.parametrize(("days", "current"), [(91, True), (89, False), (-0.5, False)])
def test_a_certificate_with_less_than_90_days_left_is_told(days, current):
    assert kubeconfig(written(days), server="https://a:6443", context="dev").current is current


@pytest.mark.parametrize("text", ["", "[", "a: b", "contexts: 1", written().replace("current-context: default", "")])
def test_what_is_no_kubeconfig_is_refused_without_repeating_it(text):
    with pytest.raises(UnreadableKubeconfigError, match="the kubeconfig has no"):
        kubeconfig(text, server="https://a:6443", context="dev")


def test_its_representation_holds_nothing_of_it():
    made = kubeconfig(written(), server="https://a:6443", context="dev")
    assert "certificate" not in repr(made)
