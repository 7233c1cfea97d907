"""What objects become in another version, and what is refused because it would be lost."""

from typing import Any

import pytest

from providers.weaviate.conversion import Conversion, converting
from providers.weaviate.declaration import CollectionInputs

TITLE = {"name": "title", "dataType": "text"}
HEADLINE = {"name": "headline", "dataType": "text"}


def declared(*properties: dict[str, Any], **more: Any) -> CollectionInputs:
    return CollectionInputs.model_validate({"name": "Memory", "properties": properties, **more})


@pytest.mark.parametrize("second", ["title", "caption"])
def test_two_properties_never_become_one(second: str):
    old = declared(HEADLINE, {**TITLE, "name": second})
    renames = {name: "title" for name in ("headline", second) if name != "title"}
    assert [*Conversion(old, declared(TITLE, renames=renames), "Memory_v2", {}).problems(())] == [
        "properties: 2 would become title: keep one of them, and name the others in drops"
    ]
    dropping = declared(TITLE, renames=renames, drops=[second])
    assert not [*Conversion(old, dropping, "Memory_v2", {}).problems(())]


@pytest.mark.parametrize(("said", "copied"), [("small", ["default"]), ("large", [])])
def test_a_vector_is_copied_where_what_is_said_is_what_the_server_had_filled_in(said: str, copied: list[str]):
    made: dict[str, Any] = {"vectorizer": "text2vec-openai"}
    old = declared(vectors={"default": made})
    new = declared(vectors={"default": {**made, "settings": {"model": said}}})
    filled = {"default": {"model": "small", "baseURL": "https://api.openai.com"}}
    assert Conversion(old, new, "Memory_v2", filled).copied == copied


def test_a_whole_number_keeps_all_its_digits_as_text():
    convert = converting("number", "text")
    assert convert is not None
    assert [convert(value) for value in (3.0, 1234567.0, 0.5)] == ["3", "1234567", "0.5"]
