"""The schema is one the engine accepts, and says of each property how it behaves."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from providers.kit.schema import document
from tests.kit.sample.provider import PROVIDER

METASCHEMA = Path(__file__).with_name("metaschema.json")


@pytest.fixture(scope="module")
def schema():
    return document(PROVIDER)


@pytest.fixture(scope="module")
def box(schema):
    return schema["resources"]["sample:index:Box"]


def test_the_schema_follows_the_metaschema_of_pulumi(schema):
    # Named groups are written as in JavaScript.
    text = re.sub(r"\(\?<(?![=!])", "(?P<", METASCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(json.loads(text)).validate(schema)


def test_the_plugin_answers_with_the_schema(process, schema):
    assert process.schema() == schema


def test_descriptions_are_the_docstrings(box):
    assert box["description"].startswith("A box.\n\nIt stands")
    assert box["inputProperties"]["name"]["description"].startswith("Name of the box.")


def test_what_has_to_be_given_is_required(box):
    assert box["requiredInputs"] == ["name"]


def test_what_replaces_and_what_is_secret_is_marked(box):
    inputs = box["inputProperties"]
    assert [key for key, value in inputs.items() if value.get("willReplaceOnChanges")] == [
        "name",
        "labels",
        "token",
        "image",
    ]
    assert [key for key, value in inputs.items() if value.get("secret")] == ["pin", "token", "seals"]


def test_a_replacement_is_left_to_the_provider(box):
    shown = json.dumps(box)
    assert '"replaceOnChanges"' not in shown, "the engine itself would replace, even for what the provider lets pass"


def test_the_output_of_a_write_only_input_is_a_plain_fingerprint(box):
    token = box["properties"]["token"]
    assert (token["type"], "secret" in token) == ("string", False)


def test_defaults_are_told(box):
    assert (box["inputProperties"]["color"]["default"], box["inputProperties"]["keep"]["default"]) == ("red", False)


def test_an_object_is_a_type_of_its_own(schema, box):
    assert box["inputProperties"]["rules"]["items"]["$ref"] == "#/types/sample:index:Rule"
    assert schema["types"]["sample:index:Rule"]["required"] == ["port"]


def test_python_programs_import_the_module_that_exists(schema):
    assert schema["language"]["python"]["packageName"] == "sample_sdk"


def test_an_environment_variable_is_a_default_unless_it_holds_a_secret(schema):
    variables = schema["config"]["variables"]
    assert variables["speed"]["defaultInfo"] == {"environment": ["SAMPLE_SPEED"]}
    assert "defaultInfo" not in variables["apiKey"], "a generated SDK would read and record it"


def test_configuration_that_the_environment_may_give_is_not_required(schema):
    assert schema["provider"]["requiredInputs"] == ["store"]
