"""A provider's configuration: checked whole, completed from the environment, never stored from there."""

import pytest

from providers.kit.testing import UNKNOWN, Plugin, PluginError, Secret
from tests.kit.conftest import SAMPLE


def test_every_failure_of_the_configuration_is_listed(process):
    failures = process.check_config({"speed": "fast", "colour": "red"}).failures
    assert set(failures) == {"speed", "colour", "store", ""}
    assert "apiKey: is required" in failures[""]


def test_a_failure_says_where_the_value_can_be_set(process):
    reason = process.check_config({}).failures[""]
    assert "(configuration sample:apiKey, or the environment variable SAMPLE_API_KEY)" in reason


def test_a_failing_secret_of_the_configuration_is_not_shown(process, canary):
    checked = process.check_config({"store": "x", "apiKey": [canary]})
    assert canary not in str(checked.failures)


def test_the_configuration_is_recorded_as_given_with_secrets_marked(process, canary):
    given = {"store": "x", "apiKey": canary, "speed": "2", "version": "1.0.0"}
    assert process.check_config(given).inputs == {**given, "apiKey": Secret(canary)}


def test_what_the_environment_gives_is_not_recorded(canary):
    with Plugin(SAMPLE, {"SAMPLE_API_KEY": canary}) as plugin:
        checked = plugin.check_config({"store": "x"})
        assert (checked.failures, checked.inputs) == ({}, {"store": "x"})


def test_what_the_environment_gives_is_used(settings, canary):
    with Plugin(SAMPLE, {"SAMPLE_API_KEY": canary, "SAMPLE_SPEED": "2.5"}) as plugin:
        plugin.configure({key: value for key, value in settings.items() if key != "apiKey"})
        assert plugin.create("Box", {"name": "a"}).id == "box-1"


def test_a_wrong_value_of_the_environment_is_told(settings):
    with Plugin(SAMPLE, {"SAMPLE_SPEED": "fast"}) as plugin, pytest.raises(PluginError, match="SAMPLE_SPEED"):
        plugin.configure(settings)


def test_values_that_are_no_text_arrive_as_json(process, settings):
    process.configure({**settings, "regions": '["a", "b"]', "speed": "2"})


def test_a_wrong_configuration_is_refused_with_everything_wrong(process):
    with pytest.raises(PluginError, match=r"(?s)cannot be configured: .*store: is required.*apiKey: is required"):
        process.configure({})


def test_with_an_unknown_configuration_resources_are_still_previewed(process, settings):
    process.configure({**settings, "store": UNKNOWN})
    assert process.check("Box", {"name": "a", "token": "t"}).failures == {}
    assert process.create("Box", {"name": "a"}, preview=True).outputs["name"] == "a"


def test_with_an_unknown_configuration_nothing_is_made(process, settings):
    process.configure({**settings, "store": UNKNOWN})
    with pytest.raises(PluginError, match="sample is not configured; give its configuration values"):
        process.create("Box", {"name": "a"})


def test_an_unknown_value_of_the_configuration_is_no_failure(process):
    assert process.check_config({"store": UNKNOWN, "apiKey": UNKNOWN}).failures == {}
