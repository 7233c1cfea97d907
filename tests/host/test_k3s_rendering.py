"""What lies on a host is rendered the same for the same values, and read back as what was declared."""

import configparser
from typing import Any

import pytest
import yaml

from providers.host.k3s_inputs import K3sFile, K3sServerInputs
from providers.host.k3s_mirroring import mirror
from providers.host.k3s_rendering import configuration, fingerprint, mirrored, rendered, unit
from providers.host.remote.k3s_unit import same, service
from tests.host.k3s_declarations import SHA256, server

POLICY = K3sFile(path="/etc/rancher/k3s/audit.yaml", content="a")
INSTALLER = """\
[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-/etc/systemd/system/k3s.service.env
KillMode=process
Delegate=yes
User=root
# Having non-zero Limit*s causes performance problems
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s \\
    server \\

"""
FOUND = {
    "architecture": "amd64",
    "binary": SHA256,
    "config": rendered(configuration("server", server()["config"])),
    "files": {},
    "unit": "ours",
    "enabled": True,
    "active": True,
    "stale": [],
    "proven": "f",
    "node": None,
    "exposed": [],
    "readable": [],
    "drop_ins": [],
}


@pytest.fixture
def declared():
    """A server as it is declared."""
    return K3sServerInputs.model_validate(server())


def differing(declared: Any, **found: Any) -> set[str]:
    """Return the names of the inputs that differ from what is found."""
    seen = mirror("server", declared, {**FOUND, **found}, "f")
    return {name for name, value in seen.items() if value != getattr(declared, name)}


def test_the_unit_says_what_k3s_own_installer_writes():
    assert same(INSTALLER, unit("server"))
    assert service(INSTALLER) == service(unit("server"))
    assert not same(INSTALLER, unit("agent"))


@pytest.mark.parametrize("role", ["server", "agent"])
def test_the_unit_leaves_pods_running_when_k3s_stops(role):
    read = configparser.RawConfigParser(strict=False)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string(unit(role))
    assert dict(read["Service"]).items() >= {"Type": "notify", "KillMode": "process", "Delegate": "yes"}.items()


def test_the_configuration_names_the_token_files_and_holds_no_token():
    text = rendered(configuration("server", {"node-name": "one"}))
    assert yaml.safe_load(text) == {
        "node-name": "one",
        "token-file": "/etc/rancher/k3s/token",
        "agent-token-file": "/etc/rancher/k3s/agent-token",
    }


def test_the_same_configuration_in_another_order_is_the_same_file_and_fingerprint():
    one, other = {"a": 1, "b": [2]}, {"b": [2], "a": 1}
    assert rendered(one) == rendered(other)
    assert fingerprint(SHA256, one, [POLICY], "u") == fingerprint(SHA256, other, [POLICY], "u")


@pytest.mark.parametrize(
    "changed",
    [
        ("c" * 64, {"a": 1}, [POLICY], "u"),
        (SHA256, {"a": 2}, [POLICY], "u"),
        (SHA256, {"a": 1}, [POLICY.model_copy(update={"content": "b"})], "u"),
        (SHA256, {"a": 1}, [POLICY.model_copy(update={"mode": "0644"})], "u"),
        (SHA256, {"a": 1}, [POLICY], "v"),
    ],
)
def test_every_part_that_k3s_is_started_from_is_in_the_fingerprint(changed):
    assert fingerprint(SHA256, {"a": 1}, [POLICY], "u") != fingerprint(*changed)


def test_a_file_in_other_words_is_read_as_what_was_declared():
    text = (
        "# mine\ntls-san: ['a']\nagent-token-file: /etc/rancher/k3s/agent-token\ntoken-file: /etc/rancher/k3s/token\n"
    )
    assert mirrored("server", text) == {"tls-san": ["a"]}


def test_a_token_that_somebody_wrote_into_the_file_is_named_and_not_shown(canary):
    assert mirrored("server", f"token: {canary}") == {
        "token": "(given by hand)",
        "token-file": "(missing)",
        "agent-token-file": "(missing)",
    }


@pytest.mark.parametrize("text", ["{", "- a", "just words"])
def test_a_file_that_is_no_mapping_is_named(text):
    assert mirrored("server", text) == {"(no mapping of YAML)": "(not shown)"}


def test_nothing_differs_where_all_is_as_declared(declared):
    assert differing(declared) == set()


@pytest.mark.parametrize(
    ("found", "names"),
    [
        ({"binary": "d" * 64, "stale": ["/usr/local/bin/k3s"]}, {"artefacts"}),
        ({"config": "node-name: other", "stale": ["/etc/rancher/k3s/config.yaml"]}, {"config"}),
        ({"config": None}, {"config"}),
        ({"active": False, "stale": ["/etc/rancher/k3s/config.yaml"]}, {"active"}),
        ({"stale": ["/etc/rancher/k3s/config.yaml"]}, {"current"}),
        ({"proven": ""}, {"current"}),
        ({"unit": "missing", "enabled": False}, {"unit", "enabled"}),
        ({"node": {"version": "v1.36.0+k3s1"}}, {"version"}),
        ({"node": {"version": "v1.36.2"}}, set()),
        ({"exposed": ["0.0.0.0:10257"]}, {"exposed"}),
        ({"drop_ins": ["/etc/rancher/k3s/config.yaml.d/x.yaml"]}, {"drop_ins"}),
    ],
)
def test_what_somebody_changed_is_told_by_its_own_name(declared, found, names):
    assert differing(declared, **found) == names
