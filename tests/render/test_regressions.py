"""Faults of render that were found and mended; each would come back unseen."""

import subprocess
import sys

import pytest

from render import ROOT, RenderError, render

SHAPES = {
    "empty": "",
    "text": "hello\n",
    "list": "- a\n",
    "config is a number": "config: 3\n",
    "config is a list": "config: [a]\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_stack_file_of_another_shape_is_one_clear_error(shape, checkout):
    (checkout / "Pulumi.dev.yaml").write_text(SHAPES[shape], encoding="utf-8")
    (checkout / "__main__.py").write_text("stack = None\n", encoding="utf-8")
    with pytest.raises(RenderError, match=r"Pulumi\.dev\.yaml"):
        render("dev")


def test_what_a_program_prints_is_no_part_of_an_answer(rendered, capsys):
    rendered('print("canary")')
    assert capsys.readouterr().out == ""


def test_the_module_without_a_stack_says_how_it_is_used():
    done = subprocess.run([sys.executable, "-m", "render"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


def test_an_alias_without_a_name_is_recorded_by_what_it_says(rendered):
    graph = rendered('Thing("t", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="old:index:Thing")]))')
    (thing,) = graph
    assert thing.options["aliases"] == ["old:index:Thing"]


def test_timeouts_are_recorded(rendered):
    graph = rendered('Thing("t", opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="5m")))')
    (thing,) = graph
    assert thing.options
