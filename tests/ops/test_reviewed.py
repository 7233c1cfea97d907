"""Nothing is done but what somebody has reviewed."""

import pytest

from ops.error import InputError
from ops.results import Edit, PlannedChange, PreviewResult
from ops.reviewed import read, require_reviewed

COMMIT = "a" * 40


def change(name: str, op: str = "update", after: int = 2) -> PlannedChange:
    edit = Edit(path="spec.replicas", before=1, after=after)
    paths = ("spec.replicas",) if op == "update" else ()
    return PlannedChange(component="c", kind="Deployment", name=name, op=op, paths=paths, urn=name, edits=(edit,))


def preview(*changes: PlannedChange, **more) -> PreviewResult:
    return PreviewResult(**{"stack": "prod", "commit": COMMIT, "version": 12, "changes": changes, **more})


def refused(before: PreviewResult, now: PreviewResult, *, edited: bool = False) -> str:
    with pytest.raises(InputError) as error:
        require_reviewed(before, now, edited=edited)
    return str(error.value)


def test_the_same_again_may_be_done():
    require_reviewed(preview(change("a"), change("b")), preview(change("b"), change("a")), edited=False)


def test_every_difference_is_told_at_once():
    before = preview(change("a"), change("b"), change("gone", "delete"), version=11, commit="b" * 40)
    told = refused(before, preview(change("a", after=9), change("b", "replace"), change("new", "create")))
    assert told.startswith("nothing was changed, for this is not what was reviewed: it was previewed at bbbb")
    assert "the state has moved: it was of update 11 and is of 12; preview again" in told
    assert "reviewed as update Deployment a (spec.replicas), and would be update Deployment a (spec.replicas)" in told
    assert "reviewed as update Deployment b (spec.replicas), and would be replace Deployment b" in told
    assert "not reviewed: create Deployment new" in told
    assert "reviewed, and would not be done: delete Deployment gone" in told


def test_of_many_differences_some_are_named_and_the_rest_is_counted():
    told = refused(preview(), preview(*(change(f"n{number}") for number in range(30))))
    assert told.count("not reviewed") == 10
    assert told.endswith("and 20 more")


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (preview(stack="dev"), "that is of dev, and this is prod"),
        (preview(errors=("the stack is locked",)), "its preview failed (the stack is locked); preview again"),
    ],
    ids=["another stack", "failed"],
)
def test_what_is_no_preview_of_this_is_refused(before, why):
    assert why in refused(before, preview())


def test_files_that_are_edited_may_be_brought_up_on_ones_own_machine_alone():
    dirty = preview(commit=f"{COMMIT}-dirty")
    require_reviewed(dirty, dirty, edited=True)
    assert "files of this checkout are edited" in refused(dirty, dirty)


@pytest.mark.parametrize("text", ["", "{}", "[]", "\x00"])
def test_a_file_that_is_no_preview_is_bad_input(tmp_path, text):
    file = tmp_path / "plan.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(
        InputError, match=r"--reviewed .*plan\.json: it is no answer of `./sophia preview STACK --json`"
    ):
        read(file, "--reviewed")
    with pytest.raises(InputError, match="FileNotFoundError"):
        read(tmp_path / "none", "--reviewed")
