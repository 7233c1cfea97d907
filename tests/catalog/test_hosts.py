"""What every host looks like: complete, known to both distributions, and without an algorithm that anybody warns of."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog import Catalog, Offence
from catalog.machine import Role

HOSTS = "catalog/hosts.yaml"

# OpenSSH 8.9p1 (Ubuntu 22.04) and 9.2p1 (Debian 12), `ssh -Q kex`, `cipher`, `mac`, `key-sig`: what both have.
KNOWN = {
    "KexAlgorithms": {
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group14-sha256",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512",
        "diffie-hellman-group-exchange-sha256",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "sntrup761x25519-sha512@openssh.com",
    },
    "Ciphers": {
        "3des-cbc",
        "aes128-cbc",
        "aes128-ctr",
        "aes192-ctr",
        "aes256-ctr",
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "chacha20-poly1305@openssh.com",
    },
    "MACs": {
        "hmac-md5",
        "hmac-sha1",
        "hmac-sha1-etm@openssh.com",
        "hmac-sha2-256",
        "hmac-sha2-512",
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-512-etm@openssh.com",
        "umac-64@openssh.com",
        "umac-128@openssh.com",
        "umac-128-etm@openssh.com",
    },
    "HostKeyAlgorithms": {
        "ssh-ed25519",
        "sk-ssh-ed25519@openssh.com",
        "ssh-rsa",
        "ssh-dss",
        "rsa-sha2-256",
        "rsa-sha2-512",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
    },
}
KNOWN["PubkeyAcceptedAlgorithms"] = KNOWN["HostKeyAlgorithms"]

# What audits of SSH servers fail or warn of: broken or truncated hashes, CBC, the curves of NIST, small groups, MACs of
# the plain text or of 64 bits, DSA.
WEAK = re.compile(
    r"sha1|md5|cbc|3des|arcfour|nistp|group1-|group14|group-exchange|ssh-rsa|ssh-dss|umac-64|^hmac-[^@]*$"
)

NEITHER_HAS = {"mlkem768x25519-sha256", "sntrup761x25519-sha512"}
"""Of OpenSSH 9.9 and 9.0 under that name: a server of 8.9 that is told of them does not start."""


def summary(offences: Iterable[Offence]) -> list[tuple[str, str]]:
    return sorted((offence.path, offence.value) for offence in offences)


@pytest.mark.parametrize("keyword", sorted(KNOWN))
def test_ssh_offers_only_what_both_distributions_know_and_nobody_warns_of(committed: Catalog, keyword: str) -> None:
    offered = committed.hosts.ssh[keyword].split(",")
    assert [name for name in offered if name not in KNOWN[keyword]] == [], "sshd does not start with an unknown name"
    assert [name for name in offered if WEAK.search(name)] == []
    assert len(set(offered)) == len(offered)


@pytest.mark.parametrize("name", ["hmac-sha1-etm@openssh.com", "aes128-cbc", "ecdh-sha2-nistp256", "ssh-rsa"])
def test_the_list_of_weak_algorithms_finds_them(name: str) -> None:
    assert WEAK.search(name)


def test_the_host_key_that_is_pinned_comes_first(committed: Catalog) -> None:
    assert committed.hosts.ssh["HostKeyAlgorithms"].startswith("ssh-ed25519,")


def test_nothing_but_a_key_of_the_one_user_opens_a_session(committed: Catalog) -> None:
    expected = {
        "PermitRootLogin": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "AuthenticationMethods": "publickey",
        "AllowUsers": "ubuntu",
        "X11Forwarding": "no",
        "AllowAgentForwarding": "no",
        "AllowTcpForwarding": "no",
        "PermitTunnel": "no",
    }
    assert {keyword: committed.hosts.ssh.get(keyword) for keyword in expected} == expected
    assert int(committed.hosts.ssh["MaxAuthTries"]) <= 4


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("PasswordAuthentication", "yes"), ("PermitRootLogin", "prohibit-password"), ("AuthenticationMethods", "any")],
)
def test_a_way_in_without_a_key_or_as_root_is_refused(broken, keyword, value):
    assert summary(broken({"hosts.yaml": {"ssh": {keyword: value}}})) == [(f"{HOSTS}: ssh.{keyword}", value)]


def test_the_kubelet_finds_the_kernel_as_it_protects_it(committed: Catalog) -> None:
    protected = {"vm.panic_on_oom": "0", "vm.overcommit_memory": "1", "kernel.panic": "10", "kernel.panic_on_oops": "1"}
    assert protected.items() <= committed.hosts.sysctls.items()


def test_no_parameter_stops_the_forwarding_that_pods_need(committed: Catalog) -> None:
    needed = ("ip_forward", ".forwarding", "rp_filter", "bridge-nf")
    assert [key for key in committed.hosts.sysctls if any(part in key for part in needed)] == []


def test_every_stack_has_a_window_and_none_reboots_by_itself(broken):
    windows = {"prod": None, "qa": {"on_calendar": "*-*-* 09:00:00 UTC", "spread_minutes": 5}}

    def edit(tree: dict[str, Any]) -> None:
        del tree["upgrades"]["windows"]["prod"]
        tree["upgrades"]["windows"]["qa"] = windows["qa"]

    assert [path for path, _ in summary(broken({"hosts.yaml": edit}))] == [
        f"{HOSTS}: upgrades.windows.prod",
        f"{HOSTS}: upgrades.windows.qa",
    ]


@pytest.mark.parametrize("day", ["2026-01-15", "2026-07-15"])
def test_the_machine_of_dev_exists_when_its_updates_come(committed: Catalog, day: str) -> None:
    window = committed.hosts.upgrades.windows["dev"]
    clock = re.fullmatch(r"\*-\*-\* (\d\d:\d\d:\d\d) UTC", window.on_calendar)
    assert clock, "every day, so that one of the machine's days is hit"
    begins = datetime.fromisoformat(f"{day}T{clock[1]}+00:00")
    schedule = committed.account.schedules["dev"]
    assert all(schedule.awake(begins + timedelta(minutes=after)) for after in (0, window.spread_minutes + 20))


def test_a_window_is_given_in_utc(broken):
    offences = broken({"hosts.yaml": {"upgrades": {"windows": {"dev": {"on_calendar": "*-*-* 03:00:00"}}}}})
    assert [path for path, _ in summary(offences)] == [f"{HOSTS}: upgrades.windows.dev.on_calendar"]


def test_kernel_and_drivers_stay_where_a_gpu_would_go_away(committed: Catalog) -> None:
    held = committed.hosts.upgrades.held_where_a_gpu_is
    packages = ("linux-image-6.8.0-60-generic", "nvidia-driver-570", "libnvidia-compute-570", "cuda-toolkit-12-8")
    assert [name for name in packages if not name.startswith(held)] == []


@pytest.mark.parametrize("what", ["identity", "privilege", "ssh", "access", "firewall", "kubernetes", "time"])
def test_changes_of_it_are_recorded(committed: Catalog, what: str) -> None:
    assert any(rule.endswith(f" -k {what}") for rule in committed.hosts.audit)


def test_rules_of_the_audit_can_change_without_a_reboot(committed: Catalog) -> None:
    assert [rule for rule in committed.hosts.audit if re.match(r"-e\s*2", rule)] == []


@pytest.mark.parametrize(
    ("field", "twice"),
    [
        ("packages", ["chrony", "chrony"]),
        ("time_servers", ["time.google.com", "time.google.com"]),
        ("audit", ["-w /etc/shadow -p wa -k identity"] * 2),
        ("directories", [{"path": "/srv/a", "mode": "0700"}, {"path": "/srv/a", "mode": "0755"}]),
    ],
)
def test_what_is_named_twice_is_refused(broken, field, twice):
    (offence,) = broken({"hosts.yaml": {field: twice}})
    assert offence.path == f"{HOSTS}: {field}"


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("packages", ["Chrony"], "packages[0]"),
        ("journal", {"max_use": "two gigabytes"}, "journal.max_use"),
        ("directories", [{"path": "relative", "mode": "0700"}], "directories[0].path"),
        ("directories", [{"path": "/srv/a", "mode": "700"}], "directories[0].mode"),
    ],
)
def test_a_value_that_no_host_could_have_is_refused(broken, field, value, path):
    (offence,) = broken({"hosts.yaml": {field: value}})
    assert offence.path == f"{HOSTS}: {path}"


def test_data_directories_exist_where_data_is_kept(committed: Catalog) -> None:
    paths = {role: {one.path for one in committed.hosts.directories_of(role)} for role in Role}
    assert {role for role in Role if "/var/lib/sophia/data" in paths[role]} >= {Role.DATA, Role.DEV}
    assert "/var/lib/sophia/data" not in paths[Role.CORE]
    assert all("/var/lib/sophia" in held for held in paths.values())
