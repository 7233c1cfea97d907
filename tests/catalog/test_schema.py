"""JSON Schemas for editors."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from catalog import ROOT
from catalog.schema import FOLDER, schemas, text

FILES = [
    *(ROOT / name for name in ("access.yaml", "account.yaml", "addons.yaml", "firewall.yaml", "gateway.yaml")),
    *(ROOT / name for name in ("hosts.yaml", "k3s.yaml", "object_storage.yaml", "policy.yaml", "weaviate.yaml")),
    *(ROOT / name for name in ("instance_types.yaml", "machines.yaml", "limits.yaml", "secrets.yaml")),
    *sorted((ROOT / "prices").iterdir()),
    *sorted((ROOT / "mcp").iterdir()),
    *sorted((ROOT / "central").iterdir()),
    *sorted((ROOT / "collections").iterdir()),
    *(ROOT / "lock" / f"{name}.yaml" for name in ("addons", "images", "k3s", "rehearsal")),
]


def _schema_of(path: Path) -> Path:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    return path.parent / first.removeprefix("# yaml-language-server: $schema=")


def _complaints(schema: dict[str, Any], tree: object) -> list[str]:
    plain = json.loads(json.dumps(tree, default=str))
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(plain)]


def test_the_committed_schemas_are_those_of_the_models() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    generated = {f"{name}.json": text(schema) for name, schema in schemas().items()}
    assert committed == generated, "run `python -m catalog.schema`"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_committed_file_names_its_schema_and_satisfies_it(path: Path) -> None:
    schema = json.loads(_schema_of(path).read_text(encoding="utf-8"))
    assert not _complaints(schema, yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("stated", "complaint"),
    [
        ({"prot": 9005}, "$: Additional properties are not allowed ('prot' was unexpected)"),
        ({"port": 80}, "$.port: 80 is less than the minimum of 1024"),
        ({"resources": {"gpus": 0.5}}, "$.resources.gpus: 0.5 is not of type 'integer'"),
        ({"secrets": [{"env": "TOKEN"}]}, "$.secrets[0]: 'secret' is a required property"),
        ({"name": "github"}, "$: Additional properties are not allowed ('name' was unexpected)"),
    ],
)
def test_an_editor_sees_what_is_wrong_in_a_server_s_file(stated: dict[str, Any], complaint: str) -> None:
    tree = {"title": "T", "description": "D", "tier": "SECONDARY", "port": 9005, **stated}
    assert _complaints(schemas()["mcp-server"], tree) == [complaint]


def test_a_server_s_file_may_be_as_short_as_a_title_a_tier_and_a_port() -> None:
    tree = {"title": "T", "description": "D", "tier": "SECONDARY", "port": 9005}
    assert not _complaints(schemas()["mcp-server"], tree)
