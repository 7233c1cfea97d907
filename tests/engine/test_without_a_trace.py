"""The end of all stacks; this file comes last, so that no other has to bring one up again."""

import psutil
import pytest

pytestmark = pytest.mark.engine


def test_down_all_leaves_no_process_and_no_file(dev):
    dev.sophia("down", "--all")
    home = str(dev.home)
    left = []
    for process in psutil.process_iter():
        try:
            if home in " ".join([*process.cmdline(), *process.environ().values()]):
                left.append(process.cmdline())
        except psutil.Error:
            continue
    assert left == []
    assert [path for path in dev.home.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
