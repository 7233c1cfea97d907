"""No secret leaves the process but encrypted in state: not in plain outputs, not in a text, not in a log."""

import base64
import json
from typing import Any

import pytest

from providers.kit.exchange import struct
from providers.kit.fingerprint import Fingerprints
from providers.kit.redaction import Redaction
from providers.kit.testing import Plugin, PluginError, Secret, State
from providers.kit.values import decode
from tests.kit.conftest import SAMPLE
from tests.kit.sample.provider import Inputs, Rule


@pytest.fixture
def made(plugin, canary):
    """A box full of secrets."""
    inputs = {"name": "a", "pin": canary, "note": Secret("n"), "rules": [{"port": 4, "passPhrase": canary}]}
    return plugin.create("Box", plugin.check("Box", inputs).inputs)


def test_secrets_are_marked_in_the_answer_to_a_create(made, canary):
    assert (made.outputs["pin"], made.outputs["note"]) == (Secret(canary), Secret("n"))
    assert made.outputs["rules"][0]["passPhrase"] == Secret(canary)


def test_a_secret_output_is_marked(made):
    assert made.outputs["key"] == Secret("key of a sample")


def test_a_refresh_marks_again_what_the_user_marked(plugin, made, canary):
    found = plugin.read("Box", made.id, made.outputs, made.inputs)
    assert (found.outputs["note"], found.inputs["note"]) == (Secret("n"), Secret("n"))
    assert canary not in json.dumps(_visible(found.outputs)) + json.dumps(_visible(found.inputs))


def test_a_refresh_marks_what_has_changed_where_the_user_marked(plugin, made, store):
    store.write_text(store.read_text().replace('"note": "n"', '"note": "m"'))
    found = plugin.read("Box", made.id, made.outputs, made.inputs)
    assert (found.outputs["note"], found.inputs["note"]) == (Secret("m"), Secret("m"))


def test_an_import_marks_declared_secrets(plugin, made, canary):
    found = plugin.read("Box", made.id)
    assert (found.outputs["pin"], found.inputs["pin"]) == (Secret(canary), Secret(canary))
    assert canary not in json.dumps(_visible(found.outputs)) + json.dumps(_visible(found.inputs))


def test_an_update_marks_again(plugin, made, canary):
    outputs = plugin.update("Box", made.id, made.outputs, {**made.inputs, "color": "green"}).outputs
    assert canary not in json.dumps(_visible(outputs))


def test_a_write_only_value_is_nowhere_in_outputs(plugin, canary):
    outputs = plugin.create("Box", {"name": "a", "token": canary}).outputs
    assert outputs["token"].startswith("hmac-sha256:")
    assert canary not in str(outputs)


def test_a_write_only_value_is_nowhere_in_a_preview(plugin, canary):
    assert canary not in str(plugin.create("Box", {"name": "a", "token": Secret(canary)}, preview=True).outputs)


def test_a_refresh_keeps_the_fingerprint_and_the_recorded_input(plugin, canary):
    made = plugin.create("Box", plugin.check("Box", {"name": "a", "token": canary}).inputs)
    found = plugin.read("Box", made.id, made.outputs, made.inputs)
    assert (found.outputs["token"], found.inputs["token"]) == (made.outputs["token"], Secret(canary))


def sealed(plugin, seals: dict[str, str]) -> State:
    made: State = plugin.create("Box", plugin.check("Box", {"name": "a", "seals": seals}).inputs)
    return made


def test_a_write_only_object_is_fingerprinted_key_by_key(plugin, canary):
    made = sealed(plugin, {"/a.b": canary, "c": "x"})
    assert set(made.outputs["seals"]) == {"/a.b", "c"}
    assert all(text.startswith("hmac-sha256:") for text in made.outputs["seals"].values())
    assert made.outputs["sealsFingerprints"] == made.outputs["seals"], "the engine hides what is named like a secret"
    assert canary not in str(made.outputs)


def test_another_write_only_value_is_named_by_its_key(plugin):
    made = sealed(plugin, {"/a.b": "x", "c": "x", "d": "x"})
    wanted = plugin.check("Box", {"name": "a", "seals": {"/a.b": "y", "c": "x", "e": "x"}}).inputs
    found = plugin.diff("Box", made.id, made.outputs, wanted, old_inputs=made.inputs)
    assert found.details == {'seals["/a.b"]': "update", "seals.d": "delete", "seals.e": "add"}


def test_what_is_read_of_a_write_only_value_is_recorded_as_its_fingerprint(plugin, store, canary):
    made = sealed(plugin, {"a": canary, "b": "x"})
    store.write_text(store.read_text().replace(canary, f"{canary}-changed"))
    found = plugin.read("Box", made.id, made.outputs, made.inputs)
    assert found.outputs["seals"]["a"] != made.outputs["seals"]["a"]
    assert found.outputs["sealsFingerprints"] == found.outputs["seals"]
    assert found.outputs["seals"]["b"] == made.outputs["seals"]["b"]
    assert found.inputs["seals"] == made.inputs["seals"], "what somebody else wrote is no input"
    assert canary not in str(found.outputs)
    details = plugin.diff("Box", made.id, found.outputs, made.inputs, old_inputs=found.inputs).details
    assert details == {"seals.a": "update"}


def test_a_write_only_value_that_is_read_in_an_import_is_compared(plugin):
    made = sealed(plugin, {"a": "x"})
    imported = plugin.read("Box", made.id)
    assert "seals" not in imported.outputs["unknownProperties"]
    assert not plugin.diff("Box", made.id, imported.outputs, made.inputs).changes


def test_an_update_renews_a_fingerprint_under_another_key(process, settings, plugin):
    made = plugin.create("Box", plugin.check("Box", {"name": "a", "token": "t"}).inputs)
    process.configure({**settings, "fingerprintKey": "another-key-of-enough-length"})
    wanted = {**made.inputs, "color": "green"}
    renewed = process.update("Box", made.id, made.outputs, wanted, old_inputs=made.inputs).outputs["token"]
    assert renewed == Fingerprints("another-key-of-enough-length").of("t")


def test_an_update_keeps_a_fingerprint_it_cannot_vouch_for(process, settings, plugin):
    made = plugin.create("Box", plugin.check("Box", {"name": "a", "token": "t"}).inputs)
    process.configure({**settings, "fingerprintKey": "another-key-of-enough-length"})
    wanted = {**made.inputs, "color": "green"}
    assert process.update("Box", made.id, made.outputs, wanted).outputs["token"] == made.outputs["token"]


@pytest.mark.parametrize("name", ["crash", "refused"])
def test_no_error_shows_a_secret(plugin, canary, name):
    with pytest.raises(PluginError) as caught:
        plugin.create("Box", {"name": name, "pin": canary, "token": f"{canary}'\n\""})
    assert canary not in str(caught.value)


def test_no_error_shows_what_the_user_marked(plugin, canary):
    made = plugin.create("Box", {"name": Secret(canary[:20]), "keep": True})
    with pytest.raises(PluginError, match=r"^\[secret\] is kept"):
        plugin.delete("Box", made.id, made.outputs)


def test_no_log_line_and_no_warning_shows_a_secret(settings, canary):
    with Plugin(SAMPLE) as plugin:
        plugin.configure(settings)
        plugin.create("Box", {"name": "loud", "pin": canary, "token": f"{canary} too"})
        assert "pin [secret]" in plugin.printed
        assert canary not in plugin.printed


def test_an_unexpected_error_is_printed_nowhere(settings, canary):
    with Plugin(SAMPLE) as plugin:
        plugin.configure(settings)
        with pytest.raises(PluginError):
            plugin.create("Box", {"name": "crash", "pin": canary})
        assert plugin.printed.strip().isdigit(), "the port is all a plugin prints"


def test_no_error_shows_a_secret_of_the_configuration(process, tmp_path, canary):
    with pytest.raises(PluginError, match="with the key \\[secret\\] has no folder; make one") as caught:
        process.configure({"store": str(tmp_path / "none" / "store"), "apiKey": canary, "fingerprintKey": canary})
    assert canary not in str(caught.value)


def test_no_error_shows_a_secret_of_the_environment(tmp_path, canary):
    with Plugin(SAMPLE, {"SAMPLE_API_KEY": canary}) as plugin:
        with pytest.raises(PluginError) as caught:
            plugin.configure({"store": str(tmp_path / "none" / "store")})
        assert canary not in str(caught.value) + plugin.printed


def test_a_model_shows_no_secret_of_its_own():
    shown = repr(Inputs(name="a", pin="p1234", token="t1234", rules=(Rule(port=4, pass_phrase="w1234"),)))  # noqa: S106 - a test's own
    assert shown.count("[secret]") == 3
    assert "1234" not in shown


def test_a_short_secret_does_not_tear_texts_apart():
    redaction = Redaction()
    redaction.learn(decode(struct({"pin": Secret("a")})))
    assert redaction("a cat ate a") == "[secret] cat ate [secret]"


def test_a_secret_is_found_in_its_other_spellings():
    redaction = Redaction()
    redaction.learn(decode(struct({"pin": Secret('ab/c d"é\n')})))
    spellings = ['"ab/c d\\"\\u00e9\\n"', "ab%2Fc%20d%22%C3%A9%0A", repr('ab/c d"é\n')]
    spellings += [base64.b64encode('ab/c d"é\n'.encode()).decode().rstrip("="), 'ab/c d"é\n'.encode().hex()]
    # The last character of base64 says less than a byte.
    assert [redaction(one).strip("\"'g") for one in spellings] == ["[secret]"] * len(spellings)


def test_a_secret_is_found_in_the_credentials_of_a_header():
    redaction = Redaction()
    redaction.learn(decode(struct({"pin": Secret("correct-horse")})))
    told = redaction("Basic " + base64.b64encode(b"user:correct-horse").decode())
    assert told.startswith("Basic dXNlcjp[secret]")


def test_fingerprints_of_one_value_differ_by_key():
    assert Fingerprints("a").of("x") != Fingerprints("b").of("x")


def test_a_fingerprint_does_not_show_its_key():
    assert "hidden-key" not in repr(Fingerprints("hidden-key")) + str(Fingerprints("hidden-key").of("x"))


def _visible(value: Any) -> Any:
    """What a reader of the state sees: the marked is encrypted there."""
    if isinstance(value, Secret):
        return "encrypted"
    if isinstance(value, dict):
        return {key: _visible(item) for key, item in value.items()}
    return [_visible(item) for item in value] if isinstance(value, list) else value
