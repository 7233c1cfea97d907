"""Runbooks: the blocks that tests of the engine run can be found, are scripts, and edit a catalog that loads."""

import re
import shutil
import subprocess
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalog import ROOT, Catalog, load

RUNBOOKS = sorted((ROOT.parent / "docs/runbooks").glob("*.md"))
NETWORK = "198.19.255.20/32"
KEY = f"ssh-ed25519 {b64encode(b'k' * 51).decode()}"
# What the machine would print; every other verb is done elsewhere.
SOPHIA = f"#!/bin/sh\ncase \"$*\" in *ssh_host_ed25519_key.pub) echo '{KEY}' ;; esac\n"


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def run(tmp_path):
    """Runs the blocks of a page that edit the catalog, in a checkout that has nothing else; gives the catalog."""
    shutil.copytree(ROOT, tmp_path / "catalog", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (tmp_path / "sophia").write_text(SOPHIA, encoding="utf-8")
    (tmp_path / "sophia").chmod(0o755)

    def edited(name: str, number: int) -> Catalog:
        page = ROOT.parent / "docs/runbooks" / name
        editing = [block for block in blocks(page) if "catalog/" in block]
        subprocess.run(["bash", "-euc", editing[number]], cwd=tmp_path, check=True)
        return load(tmp_path / "catalog")

    return edited


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_every_block_is_a_script_and_none_hides_in_a_list(page):
    assert page.read_text(encoding="utf-8").count("```sh\n") == len(blocks(page))
    for block in blocks(page):
        subprocess.run(["bash", "-n", "-c", block], check=True)


def test_breaking_the_glass_is_an_entry_with_owner_and_end_and_leaves_nothing_when_taken_out(run):
    before = load()
    (entry,) = run("locked-out.md", 0).access.break_glass
    assert (entry.cidr, bool(entry.owner), bool(entry.reason)) == (NETWORK, True, True)
    assert timedelta(hours=3) < entry.expires - datetime.now(UTC) <= timedelta(hours=4)
    assert run("locked-out.md", 1) == before


def test_a_changed_host_key_is_a_fact_of_the_machine(run):
    assert run("host-key-changed.md", 0).machines["sophia-development"].host_key == KEY
