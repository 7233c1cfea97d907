"""What fails is told in one line that helps; what is cancelled stops waiting."""

import json
import threading
import time

import pytest

from providers.kit.errors import ProviderError
from providers.kit.redaction import place
from providers.kit.testing import Plugin, PluginError
from tests.kit.conftest import SAMPLE


def test_an_error_of_the_provider_reaches_the_user_as_it_is(plugin):
    with pytest.raises(PluginError) as caught:
        plugin.create("Box", {"name": "refused"})
    assert str(caught.value) == "the store refused None and None; ask it why"


def test_any_other_error_is_one_line_that_says_where(plugin):
    with pytest.raises(PluginError) as caught:
        plugin.create("Box", {"name": "crash"}, name="mine")
    start, _, end = str(caught.value).partition(" at ")
    assert start == "sample: internal error while creating mine: RuntimeError"
    assert end.startswith("provider.py:")
    assert end.endswith("; report it")


def test_the_place_of_an_error_is_in_the_code_of_whoever_wrote_it():
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("x")
    assert place(caught.value).startswith("JSONDecodeError at test_errors.py:")


def test_an_error_says_what_and_what_to_do():
    error = ProviderError("the door is shut", "open it")
    assert (str(error), error.what, error.remedy) == ("the door is shut; open it", "the door is shut", "open it")


def test_a_cancelled_run_ends_its_waits(settings):
    with Plugin(SAMPLE) as plugin:
        plugin.configure(settings)
        told: list[str] = []

        def wait() -> None:
            try:
                plugin.create("Box", {"name": "slow"})
            except PluginError as error:
                told.append(str(error))

        waiting = threading.Thread(target=wait)
        waiting.start()
        deadline = time.monotonic() + 20
        while waiting.is_alive() and time.monotonic() < deadline:
            plugin.cancel()
            waiting.join(0.05)
        assert told == ["cancelled while waiting; run the command again, it goes on from what was done"]


def test_what_needs_no_waiting_still_works_after_a_cancel(settings):
    with Plugin(SAMPLE) as plugin:
        plugin.configure(settings)
        plugin.cancel()
        assert plugin.create("Box", {"name": "a"}).id == "box-1"


def test_a_plugin_that_cannot_start_says_why(tmp_path):
    (tmp_path / "__main__.py").write_text("raise SystemExit('no such thing')")
    with pytest.raises(PluginError, match="no such thing"):
        Plugin(tmp_path)
