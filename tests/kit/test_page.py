"""The kit's page explains it by a provider that works."""

import pytest

from providers.kit.documentation import markdown
from providers.kit.testing import UNKNOWN, Plugin, PluginError, Secret
from tests.kit.conftest import ROOT
from tests.kit.sample.provider import PROVIDER


@pytest.fixture
def folder(tmp_path):
    """Where the files are."""
    path = tmp_path / "files"
    path.mkdir()
    return path


@pytest.fixture
def files(tmp_path, folder, example, monkeypatch):
    """The provider of the page, in its own process."""
    monkeypatch.chdir(ROOT)
    (tmp_path / "__main__.py").write_text(example)
    with Plugin(tmp_path) as plugin:
        plugin.configure({"folder": str(folder)})
        yield plugin


def test_the_example_is_short(example):
    assert len(example.splitlines()) <= 40


def test_the_example_checks(files):
    assert files.check("File", {"nmae": "a", "content": UNKNOWN}).failures == {
        "name": "is required; set it: Name of the file",
        "nmae": "does not exist; did you mean name?",
    }


def test_the_example_previews_without_doing_anything(files, folder):
    assert "sizeBytes" not in files.create("File", {"name": "a"}, preview=True).outputs
    assert [*folder.iterdir()] == []


def test_the_example_lives_through_a_whole_life(files, folder):
    made = files.create("File", files.check("File", {"name": "a", "content": "one"}).inputs)
    assert made.outputs == {"name": "a", "content": Secret("one"), "sizeBytes": 3}

    (folder / "a").write_text("drifted")
    found = files.read("File", made.id, made.outputs, made.inputs)
    diff = files.diff("File", made.id, found.outputs, made.inputs)
    assert (diff.details, diff.replaces) == ({"content": "update"}, [])

    files.update("File", made.id, found.outputs, made.inputs)
    assert (folder / "a").read_text() == "one"
    assert files.diff("File", made.id, made.outputs, {**made.inputs, "name": "b"}).replaces == ["name"]

    files.delete("File", made.id, made.outputs)
    assert files.read("File", made.id, made.outputs, made.inputs).id == ""


def test_the_example_imports(files, folder):
    (folder / "a").write_text("one")
    found = files.read("File", "a")
    wanted = files.check("File", found.inputs).inputs
    assert files.diff("File", "a", found.outputs, wanted).changes is False
    with pytest.raises(PluginError, match="no File has the id 'b'"):
        files.read("File", "b")


def test_a_reference_page_tells_every_property_and_how_it_behaves():
    page = markdown(PROVIDER)
    assert "| `expected_serial` | integer | no |" in page
    assert "| `rules` | list of [Rule](#rule) | no |" in page
    assert "| `token` | string | no | Secret. Put into it when it is made. Another value replaces" in page
    assert "from sample_sdk import Box" in page
