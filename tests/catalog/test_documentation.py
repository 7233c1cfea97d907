"""The catalog as a page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog, load
from catalog.documentation import markdown


@pytest.fixture(scope="module")
def page(committed: Catalog) -> str:
    return markdown(committed)


@pytest.mark.parametrize(
    "row",
    [
        "| core | server | `gpu_1x_gh200` | us-east-3 | 1.49 / 1,087.70 | 2.29 / 1,671.70 |",
        "| `gpu_1x_h100_sxm5` | 26 | - | - | amd64 | 1 x h100 | not recorded | 4.29 / 3,131.70 |",
        "PostgreSQL user | data | 90 days | `ai-memory`, `postgres`, `prisma`, roles of `postgresql` |",
        "| data | 90 days | `postgresql`, backups of `postgresql`, roles of `postgresql` |",
        "| Password of the cache's user that reads statistics | data | 90 days | `valkey-exporter`, `valkey` |",
        "| infrastructure | by hand | a provider's HOST_SSH_PRIVATE_KEY, `lambda-labs-cli` |",
    ],
)
def test_a_row_says_what_the_catalog_says(page: str, row: str) -> None:
    assert row in page


def test_every_machine_server_and_secret_has_its_row(page: str, committed: Catalog) -> None:
    named = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert named >= {*committed.machines, *committed.instance_types, *committed.mcp, *committed.secrets}


def test_the_page_is_the_same_each_time(page: str) -> None:
    assert markdown(load()) == page


def test_a_bar_in_a_text_does_not_break_its_table(edited: Callable[[dict[str, Any]], Path]) -> None:
    rendered = markdown(load(edited({"mcp/github.yaml": {"description": "Code | issues"}})))
    assert "| Code \\| issues |" in rendered
