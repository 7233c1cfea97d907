"""The modules that collections need are asked of the real server before anything is changed."""

from dataclasses import replace

import pytest

import catalog
from catalog import CatalogError, Stack
from catalog.collection import Module
from ops.modules import require_modules


@pytest.fixture(scope="module")
def stack() -> Stack:
    return catalog.load().stack("dev", machines=["sophia-development"], image_lock="rehearsal")


@pytest.mark.engine
def test_a_server_that_has_them_passes(stack, server):
    require_modules(stack, server.environment)


@pytest.mark.engine
def test_every_one_that_it_lacks_is_named_with_those_that_it_has(stack, server):
    lacking = stack.weaviate.model_copy(
        update={"vectorizer": Module(module="text2vec-transformers"), "generative": Module(module="generative-own")}
    )
    with pytest.raises(CatalogError) as told:
        require_modules(replace(stack, weaviate=lacking), server.environment)
    assert [(one.path, one.value) for one in told.value.offences] == [
        ("catalog/weaviate.yaml: generative.module", "generative-own"),
        ("catalog/weaviate.yaml: vectorizer.module", "text2vec-transformers"),
    ]
    assert all("text2vec-openai" in one.remedy for one in told.value.offences)
    assert server.key not in str(told.value)


def test_a_server_that_is_not_there_yet_is_no_reason_to_stop(stack):
    require_modules(stack, {"WEAVIATE_URL": "http://127.0.0.1:1", "WEAVIATE_API_KEY": "x"})
