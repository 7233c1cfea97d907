"""The typed classes are sound Python, and say to the engine what the schema says."""

import contextvars
import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi.runtime
import pytest

from providers.kit.sdk import source
from render import Resource
from render.loops import loops
from render.monitor import Monitor
from tests.kit.conftest import ROOT
from tests.kit.sample.provider import PROVIDER


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The module, as a file."""
    path = tmp_path_factory.mktemp("sdk") / "sample_sdk.py"
    path.write_text(source(PROVIDER))
    return path


@pytest.fixture(scope="module")
def sdk(written):
    """The module."""
    spec = importlib.util.spec_from_file_location("sample_sdk", written)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # The SDK looks annotations up where the module is registered.
    sys.modules["sample_sdk"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["sample_sdk"]


@pytest.fixture(scope="module")
def registered(sdk):
    """Gives what building resources registers, and the resources."""

    def build(make):
        monitor = Monitor("sophia", "test")
        made: list[Any] = []

        def run() -> None:
            pulumi.runtime.set_mocks(monitor.mocks, project="sophia", stack="test", preview=True, monitor=monitor)
            pulumi.runtime.test(lambda: made.append(make(sdk)))()

        with loops():
            contextvars.copy_context().run(run)
        return monitor.recorded, made[0]

    return build


def one(recorded: Mapping[str, Resource]) -> Resource:
    """The only box that was registered."""
    (found,) = [resource for resource in recorded.values() if resource.type == "sample:index:Box"]
    return found


@pytest.mark.parametrize(
    "words",
    [["ruff", "format", "--check"], ["ruff", "check"], ["mypy"]],
    ids=["formatted", "linted", "typed"],
)
def test_the_classes_are_clean(written, words):
    command = [str(Path(sys.executable).with_name(words[0])), *words[1:]]
    option = "--config-file" if words == ["mypy"] else "--config"
    ignored = ["--ignore", "INP001"] if words == ["ruff", "check"] else []
    done = subprocess.run(
        [*command, *ignored, option, str(ROOT / "pyproject.toml"), str(written)],
        capture_output=True,
        text=True,
        check=False,
        cwd=written.parent,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_names_are_translated_inside_objects_and_not_in_maps(registered):
    recorded, _ = registered(
        lambda sdk: sdk.Box(
            "box", name="a", labels={"snake_key": "v"}, rules=[{"port": 4, "pass_phrase": "x"}], expected_serial=3
        )
    )
    assert one(recorded).inputs == {
        "name": "a",
        "labels": {"snake_key": "v"},
        "rules": [{"port": 4, "passPhrase": "x"}],
        "expectedSerial": 3,
    }


def test_secrets_are_sent_as_secrets(registered):
    recorded, _ = registered(lambda sdk: sdk.Box("box", name="a", pin="1234", token="t"))  # noqa: S106 - a test's own
    assert (one(recorded).inputs["pin"], one(recorded).inputs["token"]) == ("[secret]", "[secret]")


def test_secret_outputs_are_asked_for(registered):
    recorded, _ = registered(lambda sdk: sdk.Box("box", name="a"))
    assert one(recorded).options["additional_secret_outputs"] == ["key", "pin"]


def test_what_is_secret_inside_an_object_leaves_its_siblings_plain(registered):
    recorded, _ = registered(
        lambda sdk: sdk.Box("box", name="a", rules=[{"port": 4, "pass_phrase": pulumi.Output.secret("x")}])
    )
    assert one(recorded).inputs["rules"] == [{"port": 4, "passPhrase": "[secret]"}]


def test_outputs_are_read_by_their_python_names(registered):
    seen: dict[str, Any] = {}

    def make(sdk):
        box = sdk.Box("box", name="a", rules=[{"port": 4, "pass_phrase": "x"}], expected_serial=3)
        return pulumi.Output.all(box.rules, box.expected_serial).apply(lambda values: seen.update(all=values))

    registered(make)
    (rule,), serial = seen["all"]
    assert (rule.port, rule.pass_phrase, serial) == (4, "x", 3)


def test_options_of_the_resource_are_kept(registered):
    recorded, _ = registered(lambda sdk: sdk.Box("box", name="a", opts=pulumi.ResourceOptions(protect=True)))
    assert one(recorded).options["protect"] is True


def test_a_provider_of_ones_own_sends_its_configuration_as_texts(registered):
    recorded, _ = registered(lambda sdk: sdk.Provider("own", store="x", api_key="k", speed=2.0, regions=["a"]))
    (own,) = recorded.values()
    assert own.inputs == {"store": "x", "apiKey": "[secret]", "speed": "2.0", "regions": '["a"]'}


def test_a_property_the_schema_has_is_an_attribute_of_the_class(process, sdk):
    properties = process.schema()["resources"]["sample:index:Box"]["properties"]
    names = pulumi._types.resource_pulumi_to_py_names(sdk.Box)  # noqa: SLF001 - what the SDK itself translates by
    assert set(names) == set(properties)
