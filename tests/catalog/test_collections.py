"""Collections, and what must hold of them."""

from typing import Any

import pytest

from catalog import Catalog
from tests.catalog.conftest import Broken


def test_seven_collections_are_for_all_and_two_sinks_for_who_chooses_them(committed: Catalog) -> None:
    """As the platform's specification lists them in 5.2."""
    assert [name for name, one in committed.collections.items() if one.optional] == ["SophiaConversation", "SophiaData"]
    assert [name for name, one in committed.collections.items() if not one.optional] == [
        "AgentMemory",
        "BusinessInsights",
        "BusinessIntelligence",
        "Conversation",
        "Knowledge",
        "SophiaMemory",
        "UserProfile",
    ]


def test_a_property_is_a_data_type_alone_or_more_about_it(committed: Catalog) -> None:
    properties = committed.collections["SophiaMemory"].properties
    assert (properties["content"].type, properties["content"].tokenization) == ("text", None)
    assert (properties["tags"].type, properties["tags"].tokenization) == ("text[]", "field")


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({"collections/Knowledge.yaml": {"properties": {"title": "txt"}}}, "properties.title.type"),
        ({"collections/Knowledge.yaml": {"properties": {"Title": "text"}}}, "properties.Title"),
        ({"collections/Knowledge.yaml": {"vectoriser": "none"}}, "vectoriser"),
        ({"weaviate.yaml": {"hosting": {"qa": "cloud"}}}, "hosting.qa"),
        ({"weaviate.yaml": {"users": {"sophia-search": {"roles": ["raeder"]}}}}, "users.sophia-search.roles"),
        ({"weaviate.yaml": {"roles": {"idle": {}}}}, "roles.idle"),
        ({"weaviate.yaml": {"roles": {"reader": {"collections": "Knowlege"}}}}, "roles.reader.collections"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_field(broken: Broken, edits: dict[str, Any], said: str) -> None:
    found = broken(edits)
    (file,) = edits
    assert all(one.path.endswith(f"{file}: {one.path.partition(': ')[2]}") for one in found)
    assert {one.path.partition(": ")[2] for one in found} == {said}
