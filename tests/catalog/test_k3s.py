"""K3s in the catalog: nothing stated that follows from elsewhere, nothing secret, and a digest for all that runs."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog, CatalogError, Offence, load
from catalog.k3s import K3sLock, Part
from catalog.k3s_rules import COMPUTED, SECRET

LOCK = "lock/k3s.yaml"
MACHINES = ("sophia-development",)
DIGEST = "a" * 64


def chosen(facts: Catalog, **choice: Any) -> Any:
    given = {"machines": MACHINES, "image_lock": "rehearsal", "access_ci_public_key": "", **choice}
    return facts.stack("dev", **given)


@pytest.fixture
def refused(committed: Catalog) -> Callable[..., list[Offence]]:
    """Gives the offences of a choice of dev."""

    def offences(**choice: Any) -> list[Offence]:
        with pytest.raises(CatalogError) as error:
            chosen(committed, **choice)
        return list(error.value.offences)

    return offences


@pytest.mark.parametrize("flag", sorted(COMPUTED | SECRET))
@pytest.mark.parametrize("group", ["all", "server", "gpu"])
def test_no_flag_is_stated_that_is_computed_or_a_secret(broken, flag, group):
    (offence,) = broken({"k3s.yaml": {"flags": {group: {flag: "something"}}}})
    assert offence.path == f"catalog/k3s.yaml: flags.{group}.{flag}"
    assert "something" not in str(offence)


def test_a_flag_is_set_in_one_place(broken):
    offences = broken({"k3s.yaml": {"flags": {"server": {"protect-kernel-defaults": False}}}})
    assert {o.path.rpartition(" ")[2] for o in offences} == {
        "flags.all.protect-kernel-defaults",
        "flags.server.protect-kernel-defaults",
    }


def test_what_is_passed_on_stands_under_arguments(broken):
    (offence,) = broken({"k3s.yaml": {"flags": {"all": {"kubelet-arg": ["v=9"]}}}})
    assert offence.remedy == "move it there"


@pytest.mark.parametrize(
    ("part", "argument"),
    [("kubelet", "max-pods"), ("kubelet", "system-reserved"), ("kube-apiserver", "audit-log-path")],
)
def test_no_argument_is_stated_that_is_computed(broken, part, argument):
    (offence,) = broken({"k3s.yaml": {"arguments": {part: {argument: "1"}}}})
    assert offence.path == f"catalog/k3s.yaml: arguments.{part}.{argument}"


@pytest.mark.parametrize("previous", ["v1.34.9+k3s1", "v1.37.0+k3s1", "v1.36.2+k3s1"])
def test_a_cluster_comes_from_a_release_that_it_may_come_from(broken, previous):
    pinned = {"k3s_previous": previous, "kubernetes_previous": previous[1:].partition("+")[0]}
    lock = {"programs": {previous: {name: {"url": "https://k3s", "sha256": None} for name in ("amd64", "arm64")}}}
    offences = broken({"k3s.yaml": {"previous": previous}, "versions.yaml": pinned, LOCK: lock})
    assert [offence.path for offence in offences] == ["catalog/k3s.yaml: previous"]


@pytest.mark.parametrize("key", ["vm.panic_on_oom", "vm.overcommit_memory", "kernel.panic", "kernel.panic_on_oops"])
def test_a_kubelet_that_protects_kernel_defaults_finds_them(broken, key):
    (offence,) = broken({"hosts.yaml": lambda tree: tree["sysctls"].pop(key)})
    assert key in offence.rule


def test_the_mesh_is_one_that_k3s_makes(broken):
    def ipip(tree: dict[str, Any]) -> None:
        tree["meshes"] = {"ipip": {**tree["meshes"]["wireguard-native"]}}
        tree["mesh"] = "ipip"

    (offence,) = broken({"firewall.yaml": ipip})
    assert (offence.value, offence.path) == ("ipip", "catalog/k3s.yaml: network")


def test_pods_services_and_people_have_networks_of_their_own(broken):
    offences = broken({"k3s.yaml": {"network": {"pods": "10.43.0.0/16"}}})
    assert [o.path for o in offences] == ["catalog/k3s.yaml: network.pods"]
    offences = broken({"k3s.yaml": {"network": {"pods": "10.97.0.0/16", "services": "10.43.0.0/16"}}})
    assert [o.path for o in offences] == ["catalog/access.yaml: network"]


@pytest.mark.parametrize(
    ("pinned", "field"),
    [
        ({"kubernetes": "1.36.1"}, "version"),
        ({"k3s": "v1.36.1+k3s1"}, "version"),
        ({"kubernetes_previous": "1.36.1"}, "previous"),
        ({"k3s_previous": "v1.36.0+k3s2"}, "previous"),
    ],
)
def test_the_releases_are_those_that_are_pinned(broken, pinned, field):
    offences = broken({"versions.yaml": pinned})
    assert [o.path for o in offences] == [f"catalog/k3s.yaml: {field}"]


def test_the_lock_names_a_program_for_each_architecture_of_the_machines(broken):
    (offence,) = broken({LOCK: lambda tree: tree["programs"]["v1.36.2+k3s1"].pop("arm64")})
    assert offence.path == "catalog/lock/k3s.yaml: programs.v1.36.2+k3s1.arm64"
    assert offence.rule == "sophia-ai-core runs it"


def test_every_locked_program_is_that_of_its_release_and_architecture(committed):
    for version, programs in committed.k3s_lock.programs.items():
        for architecture, program in programs.items():
            name = "k3s" if architecture == "amd64" else f"k3s-{architecture}"
            folder = "https://github.com/k3s-io/k3s/releases/download"
            assert program.url == f"{folder}/{version.replace('+', '%2B')}/{name}"


def test_a_stack_runs_the_newest_release_unless_it_chooses_the_one_before(committed):
    assert chosen(committed).k3s.version == committed.k3s.version
    before = chosen(committed, k3s_version=committed.k3s.previous)
    assert before.k3s.version == committed.k3s.previous
    assert "v1.36.0" in before.k3s_programs["amd64"].url


def test_a_release_that_the_catalog_does_not_have_is_refused_with_the_choices(refused):
    (offence,) = refused(k3s_version="v1.30.0+k3s1")
    assert (offence.path, offence.remedy) == (
        "Pulumi.dev.yaml: sophia:k3s_version",
        "choose one of: v1.36.2+k3s1, v1.36.0+k3s1",
    )


def test_a_stack_that_would_run_a_program_without_a_digest_is_refused(refused):
    offences = refused(
        image_lock="images", adopt={}, access_ci_public_key="MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    )
    assert [o.path for o in offences] == ["catalog/lock/k3s.yaml: programs.v1.36.2+k3s1.amd64"]
    assert "`./sophia lock`" in offences[0].remedy


def test_digests_of_other_programs_are_the_rehearsal_s_alone(committed, refused):
    artefacts = {"v1.36.2+k3s1": {"amd64": DIGEST}}
    programs = chosen(committed, k3s_artefacts=artefacts).k3s_programs
    assert {name: program.sha256 for name, program in programs.items()} == {"amd64": DIGEST, "arm64": None}
    (offence,) = refused(k3s_artefacts=artefacts, image_lock="images")
    assert offence.path == "Pulumi.dev.yaml: sophia:k3s_artefacts"


def test_digests_that_are_given_replace_those_of_the_lock(committed):
    filled = {
        version: {name: program.model_copy(update={"sha256": "b" * 64}) for name, program in programs.items()}
        for version, programs in committed.k3s_lock.programs.items()
    }
    replaced = K3sLock(programs=filled).replaced({"v1.36.2+k3s1": {"amd64": DIGEST}})
    digests = {p.sha256 for programs in replaced.programs.values() for p in programs.values()}
    assert digests == {DIGEST, None}, "a program of ours and a published one must never be mixed"


@pytest.mark.parametrize("gpus", [{"image": None}, {"mode": "operator"}])
def test_the_device_plugin_has_an_image_and_an_operator_brings_its_own(broken, gpus):
    (offence,) = broken({"k3s.yaml": {"gpu": gpus}})
    assert offence.path == "catalog/k3s.yaml: gpu.image"


def test_the_device_plugin_is_the_one_that_is_pinned(broken):
    (offence,) = broken({"k3s.yaml": {"gpu": {"image": {"tag": "v0.1.0"}}}})
    assert offence.path == "catalog/k3s.yaml: gpu.image.tag"


def test_a_stack_has_one_server(broken):
    offences = broken({"machines.yaml": {"staging-agent-1": {"k3s": "server"}}})
    assert [(o.value, o.rule) for o in offences] == [
        ("2 servers", "staging has one machine that is the server of its cluster")
    ]


def test_only_parts_that_every_node_runs_are_told_something_on_agents():
    assert {part for part in Part if part.on_agents} == {Part.KUBELET, Part.PROXY}


def test_secrets_are_recorded_without_what_they_hold(committed):
    (rule,) = [rule for rule in committed.k3s.audit.rules if "secrets" in rule.resources.get("", ())]
    assert rule.level == "Metadata"
    before = committed.k3s.audit.rules[: committed.k3s.audit.rules.index(rule)]
    assert all(not rule.level.startswith("Request") for rule in before)


def test_changes_are_always_recorded(committed):
    silent = [rule for rule in committed.k3s.audit.rules if rule.level == "None" and not rule.paths]
    reading = {"get", "list", "watch"}
    assert all(rule.resources or set(rule.verbs) <= reading for rule in silent)
    assert committed.k3s.audit.rules[-1].level == "Metadata"


def test_the_catalog_of_k3s_holds_no_token(folder: Path):
    text = (folder / "k3s.yaml").read_text(encoding="utf-8")
    assert not re.search(r"K10[0-9a-f]{8}", text)
    assert load(folder).secrets["K3S_TOKEN"].kind == "join-token"
