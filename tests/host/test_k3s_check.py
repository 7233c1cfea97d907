"""What K3s would not take, or would pass over, is refused at the plan: all of it at once, each at its own key."""

import re

import pytest

from providers.host.k3s_flags import flags, offences
from providers.kit import UNKNOWN
from rehearsal.machines.testing import key_pair
from tests.host.k3s_declarations import SECURE, agent, server


@pytest.fixture
def refused(process):
    """Gives what is wrong with a declaration, by path."""

    def failures(kind, inputs):
        return dict(process.check(kind, inputs).failures)

    return failures


@pytest.fixture(autouse=True)
def _configured(process):
    process.configure({"sshPrivateKey": key_pair()[0], "fingerprintKey": "f" * 64})


def test_a_sound_server_and_a_sound_agent_are_taken(refused):
    assert refused("K3sServer", server()) == {}
    assert refused("K3sAgent", agent()) == {}


def test_all_offences_are_told_at_once_each_at_its_key_with_the_remedy(refused):
    config = {"flannel-bakend": "vxlan", "cluster-init": "yes", "tls-san": [1], "etcd-snapshot-retention": "5"}
    told = refused("K3sServer", server(config=config))
    assert told == {
        "config.flannel-bakend": "is no key of a K3s server at v1.36.2+k3s1; did you mean flannel-backend?",
        "config.cluster-init": 'is "yes", and K3s takes true or false',
        "config.tls-san": "is [1], and K3s takes a list of texts, or one text",
        "config.etcd-snapshot-retention": 'is "5", and K3s takes a whole number',
    }


def test_a_key_of_servers_is_refused_on_an_agent_and_the_other_way_round(refused):
    told = refused("K3sAgent", agent(config={"server": "https://a:6443", "cluster-init": True}))
    assert told == {"config.cluster-init": "is a key of servers only, and this is a K3s agent; remove it"}
    told = refused("K3sServer", server(config={"disable-apiserver-lb": True}))
    assert told == {"config.disable-apiserver-lb": "is a key of agents only, and this is a K3s server; remove it"}


def test_an_agent_without_a_server_to_join_is_refused(refused):
    assert "server is required" in refused("K3sAgent", agent(config={}))["config"]


@pytest.mark.parametrize("key", ["token", "token-file", "agent-token", "agent-token-file", "data-dir", "cluster-reset"])
def test_keys_that_are_the_providers_are_refused_without_their_value(process, refused, canary, key):
    told = refused("K3sServer", server(config={key: canary}))
    assert f"config.{key}: cannot be given" in told[""]
    assert canary not in str(told) + process.printed


def test_a_short_name_of_a_key_is_spelt_out(refused):
    assert refused("K3sServer", server(config={"i": "10.0.0.1"})) == {"config.i": "is short for node-ip; write node-ip"}


@pytest.mark.parametrize(("mode", "told"), [(600, "in quotes"), ("0644", "everybody on the host is administrator")])
def test_a_kubeconfig_for_everybody_is_refused(refused, mode, told):
    assert told in refused("K3sServer", server(config={"write-kubeconfig-mode": mode}))["config.write-kubeconfig-mode"]


@pytest.mark.parametrize("artefact", [{}, {"url": "https://example.org/k3s"}])
def test_a_binary_that_is_not_locked_is_refused(refused, artefact):
    told = refused("K3sServer", server(artefacts={"amd64": artefact}))
    assert told == {"artefacts": "amd64: no sha256, so nothing could be proven of the binary; run `./sophia lock`"}


@pytest.mark.parametrize("version", ["1.36.2+k3s1", "v1.36.2", "latest", "v1.36"])
def test_a_version_that_is_none_of_k3s_is_refused(refused, version):
    assert refused("K3sServer", server(version=version)).keys() == {"version"}


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/rancher/k3s/config.yaml", "/etc/rancher/k3s/../x"])
def test_files_elsewhere_and_those_of_the_provider_are_refused(refused, path):
    assert refused("K3sServer", server(files=[{"path": path, "content": ""}]))


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        ("K3sServer", server() | {"token": "short"}, "can be guessed"),
        ("K3sServer", server() | {"token": SECURE}, "the bare token"),
        ("K3sAgent", agent() | {"token": "a-token-without-the-hash"}, "the secure form"),
    ],
)
def test_a_token_that_can_be_guessed_or_is_of_the_wrong_form_is_refused_unseen(refused, kind, given, told):
    failures = refused(kind, given)
    assert told in failures[""]
    assert given["token"] not in failures[""]


def test_what_is_not_known_yet_is_no_offence_and_the_rest_is_still_told():
    config = {"node-ip": UNKNOWN, "tls-san": [UNKNOWN], "strange": UNKNOWN}
    assert [one.key for one in offences("server", config)] == ["strange"]


def test_the_keys_are_those_of_a_named_commit_of_k3s():
    assert re.fullmatch("[0-9a-f]{12}", flags()["commit"])
    assert {flag["type"] for role in ("server", "agent") for flag in flags()[role].values()} == {
        "bool",
        "duration",
        "int",
        "list",
        "string",
    }
