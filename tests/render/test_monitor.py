"""What a program registers is recorded as the engine would be told it."""

import json
from pathlib import Path
from typing import Any

import pytest
import trustme
from google.protobuf import struct_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime import rpc

from render import render
from render.graph import SECRET, UNKNOWN
from render.monitor import DuplicateUrnError, plain

# Recorded from the engine (3.259) after `./sophia up dev` with the one server `github`.
ENGINES = set(Path(__file__).with_name("dev-github.urns").read_text(encoding="utf-8").split("\n")[:-1])


def named(graph, name: str):
    (found,) = [resource for resource in graph if resource.name == name]
    return found


def test_the_urns_of_a_render_are_those_of_the_engine():
    authority = trustme.CA().cert_pem.bytes().decode()
    own = {"sophia:issuer": "own-ca", "sophia:object_storage_ca": authority}
    choices = own | {"sophia:mcp_servers": ["github"], "sophia:adopt": {"sophia-development": "0" * 32}}
    assert set(render("dev", choices=choices).resources) == ENGINES


def test_a_urn_holds_the_types_of_all_ancestors(rendered):
    graph = rendered("""
        outer = Group("outer")
        inner = Group("inner", under(outer))
        Thing("leaf", opts=under(inner))
    """)
    chain = "sophia:test:Group$sophia:test:Group$test:index:Thing"
    assert named(graph, "leaf").urn == f"urn:pulumi:dev::sophia::{chain}::leaf"


def test_the_parent_of_every_resource_is_recorded(rendered):
    graph = rendered("""
        group = Group("group")
        Thing("leaf", opts=under(group))
        Thing("top")
    """)
    assert named(graph, "leaf").parent == named(graph, "group").urn
    assert (named(graph, "group").parent, named(graph, "top").parent) == ("", "")


def test_two_resources_with_one_urn_are_refused_and_the_urn_is_named(rendered):
    with pytest.raises(DuplicateUrnError, match=r"test:index:Thing::twin is registered twice.*another logical name"):
        rendered('Thing("twin"); Thing("twin")')


def test_two_components_with_one_urn_are_refused(rendered):
    with pytest.raises(DuplicateUrnError, match="sophia:test:Group::twin"):
        rendered('Group("twin"); Group("twin")')


def test_one_name_may_be_used_again_by_another_type_or_under_another_type_of_parent(rendered):
    graph = rendered("""
        group = Group("same")
        Thing("same", opts=under(group))
        Thing("same")
    """)
    assert len(graph) == 3


def test_children_of_two_components_of_one_type_may_not_share_a_name(rendered):
    with pytest.raises(DuplicateUrnError, match=r"Group\$test:index:Thing::leaf"):
        rendered('Thing("leaf", opts=under(Group("one"))); Thing("leaf", opts=under(Group("other")))')


DEPTHS = {
    "a value": ("pulumi.Output.secret('canary')", SECRET),
    "a whole object": ("pulumi.Output.secret({'a': {'b': 'canary'}})", SECRET),
    "in an object": ("{'a': {'b': pulumi.Output.secret('canary'), 'c': 1}}", {"a": {"b": SECRET, "c": 1}}),
    "in a list": ("['plain', pulumi.Output.secret('canary')]", ["plain", SECRET]),
    "in an object in a list": ("[{'a': [pulumi.Output.secret('canary')]}]", [{"a": [SECRET]}]),
    "joined with plain text": ("pulumi.Output.concat('Bearer ', pulumi.Output.secret('canary'))", SECRET),
    "in written JSON": ("pulumi.Output.json_dumps({'a': pulumi.Output.secret('canary')})", SECRET),
    "from the configuration": ("{'a': config.require_secret('token')}", {"a": SECRET}),
}


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_secret_is_redacted_wherever_it_stands(depth, rendered):
    expression, expected = DEPTHS[depth]
    graph = rendered(f"Thing('thing', {{'value': {expression}}}); pulumi.export('value', {expression})")
    assert named(graph, "thing").inputs["value"] == expected
    assert graph.outputs["value"] == expected
    text = graph.to_json()
    assert "canary" not in text
    assert "placeholder" not in text


def structure(tree: Any) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update({"root": tree})
    return struct


def wrapped(tree: Any) -> Any:
    """The tree as it travels: what stands for a secret is wrapped, in the SDK's own signature."""
    if isinstance(tree, dict):
        return {key: wrapped(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [wrapped(value) for value in tree]
    if tree == SECRET:
        return {rpc._special_sig_key: rpc._special_secret_sig, "value": {"deep": ["canary"]}}  # noqa: SLF001 - the wire
    return rpc.UNKNOWN if tree == UNKNOWN else tree


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-(2**50), 2**50), st.text(max_size=5))
TREES = st.recursive(
    st.one_of(LEAVES, st.just(SECRET), st.just(UNKNOWN)),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=10,
)


@given(TREES)
@settings(max_examples=50)
def test_only_what_is_secret_or_unknown_is_replaced(tree):
    # As text, because Python takes 1 and true for equal.
    assert json.dumps(plain(structure(wrapped(tree))), sort_keys=True) == json.dumps({"root": tree}, sort_keys=True)


def test_a_value_that_only_a_deployment_knows_is_marked(rendered):
    graph = rendered("""
        later = pulumi.Output.from_input("x").apply(lambda _: pulumi.output.UNKNOWN)
        Thing("thing", {"a": later, "b": {"c": [later, "known"]}})
    """)
    assert named(graph, "thing").inputs == {"a": UNKNOWN, "b": {"c": [UNKNOWN, "known"]}}


def test_a_reference_to_a_resource_is_its_urn(rendered):
    graph = rendered('Thing("user", {"target": Thing("used")})')
    assert named(graph, "user").inputs == {"target": named(graph, "used").urn}


OPTIONS = {
    "protect=True": ("protect", True),
    "retain_on_delete=True": ("retain_on_delete", True),
    "import_='i-1234'": ("import_id", "i-1234"),
    "delete_before_replace=True": ("delete_before_replace", True),
    "ignore_changes=['size', 'image']": ("ignore_changes", ["image", "size"]),
    "replace_on_changes=['region']": ("replace_on_changes", ["region"]),
    "additional_secret_outputs=['key']": ("additional_secret_outputs", ["key"]),
    "aliases=[pulumi.Alias(name='old')]": ("aliases", ["old"]),
    "aliases=['urn:pulumi:dev::sophia::test:index:Thing::old']": (
        "aliases",
        ["urn:pulumi:dev::sophia::test:index:Thing::old"],
    ),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_recorded_alone(option, rendered):
    name, value = OPTIONS[option]
    graph = rendered(f'Thing("thing", opts=pulumi.ResourceOptions({option}))')
    assert named(graph, "thing").options == {name: value}


def test_a_resource_without_options_records_none(rendered):
    assert named(rendered('Thing("thing")'), "thing").options == {}


def test_protection_of_a_component_reaches_its_children(rendered):
    graph = rendered("""
        group = Group("group", pulumi.ResourceOptions(protect=True))
        Thing("leaf", opts=under(group))
    """)
    assert named(graph, "leaf").options == {"protect": True}


def test_what_a_resource_waits_for_is_recorded_whether_said_or_used(rendered):
    graph = rendered("""
        said, used = Thing("said"), Thing("used")
        Thing("waits", {"id": used.id}, pulumi.ResourceOptions(depends_on=[said]))
    """)
    assert named(graph, "waits").dependencies == (named(graph, "said").urn, named(graph, "used").urn)


def test_the_provider_of_a_resource_is_recorded_by_its_urn(rendered):
    graph = rendered("""
        import pulumi_kubernetes
        cluster = pulumi_kubernetes.Provider("cluster", kubeconfig="{}")
        pulumi_kubernetes.core.v1.Namespace("space", opts=pulumi.ResourceOptions(provider=cluster))
    """)
    assert named(graph, "space").provider == named(graph, "cluster").urn


def test_a_question_to_a_provider_is_refused_with_what_to_do_instead(rendered):
    with pytest.raises(NotImplementedError, match=r"aws:index:getAmi.*no provider to ask.*as an input"):
        rendered('pulumi.runtime.invoke("aws:index:getAmi", {})')
