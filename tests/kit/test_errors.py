"""What fails is told in one line that helps; what is cancelled stops waiting."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import grpc
import psutil
import pytest
from pulumi.runtime.proto import provider_pb2

from providers.kit.errors import ProviderError
from providers.kit.exchange import struct
from providers.kit.redaction import place
from providers.kit.session import Session
from providers.kit.testing import Plugin, PluginError
from tests.kit.conftest import SAMPLE, run_alone
from tests.kit.sample.provider import PROVIDER


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes to hold, in 20 seconds."""
    deadline = time.monotonic() + 20
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


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


def test_an_answer_is_not_lost_when_the_engine_does_not_wait_for_it(plugin, calls):
    request = provider_pb2.CreateRequest(urn=plugin.urn("Box"), properties=struct({"name": "late"}))
    with pytest.raises(grpc.RpcError, match="DEADLINE_EXCEEDED"):
        plugin._stub.Create(request, timeout=0.05)  # noqa: SLF001 - no user of the driver would go away
    assert eventually(lambda: calls() == ["create"])


def test_the_client_is_closed_at_the_end(settings, store):
    with Plugin(SAMPLE) as plugin:
        plugin.configure(settings)
    assert store.with_suffix(".closed").exists()


def test_the_client_is_closed_when_another_is_opened(process, settings, store):
    process.configure(settings)
    process.configure(settings)
    assert store.with_suffix(".closed").exists()


def test_a_plugin_ends_when_what_started_it_is_gone():
    start = (
        "import subprocess, sys\n"
        "plugin = subprocess.Popen([sys.executable, sys.argv[1]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "plugin.stdout.readline()\n"
        "print(plugin.pid)\n"
    )
    words = [sys.executable, "-c", start, str(SAMPLE)]
    pid = int(subprocess.run(words, capture_output=True, check=True, timeout=60).stdout)

    def ended() -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    assert eventually(ended)


def test_no_more_operations_run_at_once_than_the_provider_allows():
    async def work() -> None:
        session, running, most = Session(replace(PROVIDER, concurrency=2)), 0, 0
        session.configured = True

        async def one() -> None:
            nonlocal running, most
            async with session.working():
                running += 1
                most = max(most, running)
                await asyncio.sleep(0.01)
                running -= 1

        await asyncio.gather(*(one() for _ in range(6)))
        assert most == 2

    run_alone(work())


def test_a_plugin_that_cannot_start_says_why(tmp_path):
    (tmp_path / "__main__.py").write_text("raise SystemExit('no such thing')")
    with pytest.raises(PluginError, match="no such thing"):
        Plugin(tmp_path)
