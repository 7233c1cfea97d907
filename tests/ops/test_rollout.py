"""What a rollout writes into an entry."""

from pathlib import Path

import pytest
import yaml

from ops.rollout import write_weight

FORMS = [
    'rollout: {tag: "1.1.0"}\n',
    'rollout: {tag: "1.1.0", weight: 10}\n',
    'rollout: {weight: 10, tag: "1.1.0"} # soon\n',
    'rollout:\n  tag: "1.1.0"\n',
    'rollout:\n  # by steps\n  tag: "1.1.0"\n  weight: 10\n',
    'rollout:\n  weight: 10\n  tag: "1.1.0"\n',
]
BEFORE = "title: GitHub\nsettings:\n  weight: 7\n"
AFTER = "owner: dev_team\nscale: {weight: 3}\n"


@pytest.mark.parametrize("weight", [0, 50, 100])
@pytest.mark.parametrize("form", FORMS)
def test_the_weight_is_stated_and_all_else_stays(tmp_path: Path, form: str, weight: int) -> None:
    path = tmp_path / "github.yaml"
    path.write_text(BEFORE + form + AFTER)
    before = yaml.safe_load(path.read_text())
    write_weight(path, weight)
    text = path.read_text()
    assert yaml.safe_load(text) == {**before, "rollout": {"tag": "1.1.0", "weight": weight}}
    assert {line for line in form.splitlines() if "# by" in line} <= {*text.splitlines()}
