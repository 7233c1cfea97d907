"""Create, read, update and delete, as the engine asks for them."""

import pytest

from providers.kit.testing import UNKNOWN, PluginError, Secret


@pytest.fixture
def made(plugin):
    """A box as the engine records it."""
    return plugin.create("Box", plugin.check("Box", {"name": "a", "rules": [{"port": 4}], "image": "i"}).inputs)


def test_a_create_answers_with_inputs_and_outputs(made):
    assert made.outputs == {
        "name": "a",
        "color": "red",
        "size": 1,
        "labels": {},
        "rules": [{"protocol": "tcp", "port": 4}],
        "image": "i",
        "keep": False,
        "unknownProperties": [],
        "serial": 1,
        "status": "new",
        "key": Secret("key of a sample"),
    }


def test_a_preview_of_a_create_makes_nothing_and_leaves_outputs_unknown(plugin, calls):
    made = plugin.create("Box", {"name": "a", "note": UNKNOWN}, preview=True)
    assert (calls(), made.id, made.outputs["note"], "serial" in made.outputs) == ([], "", UNKNOWN, False)


def test_a_create_with_what_is_still_unknown_is_refused(plugin, calls):
    with pytest.raises(PluginError, match="still unknown"):
        plugin.create("Box", {"name": UNKNOWN})
    assert calls() == []


def test_a_create_that_was_not_checked_is_checked(plugin):
    with pytest.raises(PluginError, match=r"^sample: color: .*; correct it"):
        plugin.create("Box", {"name": "a", "color": "blue"})


def test_a_preview_of_an_update_keeps_what_is_stable_known(plugin, made, calls):
    wanted = {**made.inputs, "color": "green"}
    outputs = plugin.update("Box", made.id, made.outputs, wanted, preview=True).outputs
    assert (outputs["serial"], outputs["color"], "status" in outputs) == (1, "green", False)
    assert calls() == ["create"]


def test_an_update_is_told_what_changed(plugin, made):
    wanted = {**made.inputs, "color": "green", "size": 3, "keep": True}
    assert plugin.update("Box", made.id, made.outputs, wanted).outputs["status"] == "color keep size"


def test_an_update_of_a_local_input_calls_nothing_and_is_recorded(plugin, made, calls):
    outputs = plugin.update("Box", made.id, made.outputs, {**made.inputs, "keep": True}).outputs
    assert (outputs, calls()) == ({**made.outputs, "keep": True}, ["create"])


def test_an_update_of_a_local_input_stays_known_in_the_preview(plugin, made):
    outputs = plugin.update("Box", made.id, made.outputs, {**made.inputs, "keep": True}, preview=True).outputs
    assert outputs == {**made.outputs, "keep": True}


def test_a_difference_the_resource_found_itself_reaches_its_update(plugin, made):
    with pytest.raises(PluginError, match="cannot be chosen, 1 is given; expect that one"):
        plugin.update("Box", made.id, made.outputs, {**made.inputs, "expectedSerial": 9})


def test_an_ignored_change_is_not_among_what_changed(plugin, made):
    wanted = {**made.inputs, "color": "green", "size": 3}
    outputs = plugin.update("Box", made.id, made.outputs, wanted, ignore_changes=["size"]).outputs
    assert outputs["status"] == "color"


def test_a_delete_sees_what_was_recorded_last(plugin, made):
    kept = plugin.update("Box", made.id, made.outputs, {**made.inputs, "keep": True})
    with pytest.raises(PluginError, match=r"^a is kept; set keep to false first$"):
        plugin.delete("Box", made.id, kept.outputs)


def test_a_delete_removes(plugin, made, boxes):
    plugin.delete("Box", made.id, made.outputs)
    assert boxes() == {}


def test_a_refresh_without_drift_changes_nothing(plugin, made):
    found = plugin.read("Box", made.id, made.outputs, made.inputs)
    assert (found.outputs, found.inputs) == (made.outputs, made.inputs)


def test_a_refresh_mirrors_what_exists(plugin, made, store):
    store.write_text(store.read_text().replace('"color": "red"', '"color": "green"'))
    found = plugin.read("Box", made.id, made.outputs, made.inputs)
    assert (found.outputs["color"], found.inputs["color"]) == ("green", "green")
    assert plugin.diff("Box", made.id, found.outputs, made.inputs).details == {"color": "update"}


def test_a_refresh_carries_over_what_cannot_be_read(plugin, made):
    kept = plugin.update("Box", made.id, made.outputs, {**made.inputs, "keep": True})
    found = plugin.read("Box", made.id, kept.outputs, kept.inputs)
    assert (found.outputs["image"], found.outputs["keep"], found.inputs["keep"]) == ("i", True, True)


def test_what_is_gone_has_no_id(plugin, made):
    plugin.delete("Box", made.id, made.outputs)
    assert plugin.read("Box", made.id, made.outputs, made.inputs).id == ""


def test_an_import_of_what_does_not_exist_fails_with_the_remedy(plugin):
    with pytest.raises(PluginError, match=r"^no Box has the id 'nothing'; look into the store$"):
        plugin.read("Box", "nothing")


def test_an_import_gives_inputs_without_defaults(plugin, made):
    assert plugin.read("Box", made.id).inputs == {"name": "a", "rules": [{"protocol": "tcp", "port": 4}]}


def test_an_import_says_what_it_does_not_know(plugin, made):
    outputs = plugin.read("Box", made.id).outputs
    assert (outputs["unknownProperties"], "image" in outputs, outputs["keep"]) == (
        ["image", "seals", "token"],
        False,
        False,
    )


def test_the_program_an_import_writes_previews_clean(plugin, made):
    found = plugin.read("Box", made.id)
    wanted = plugin.check("Box", found.inputs).inputs
    assert plugin.diff("Box", made.id, found.outputs, wanted).changes is False


def test_what_an_import_did_not_know_stays_unknown_through_an_update(plugin, made):
    found = plugin.read("Box", made.id)
    wanted = {**found.inputs, "color": "green", "image": "other"}
    outputs = plugin.update("Box", made.id, found.outputs, wanted).outputs
    assert (outputs["unknownProperties"], "image" in outputs) == (["image", "seals", "token"], False)


def test_what_an_import_did_not_know_stays_unknown_through_a_refresh(plugin, made):
    found = plugin.read("Box", made.id)
    again = plugin.read("Box", made.id, found.outputs, found.inputs)
    assert (again.outputs, again.inputs) == (found.outputs, found.inputs)


def test_a_kind_that_does_not_exist_is_answered_with_the_right_one(plugin):
    with pytest.raises(PluginError, match="did you mean sample:index:Box"):
        plugin.check("Bax", {})
