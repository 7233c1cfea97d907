"""Packages on a real machine: installed, pinned, removed, read back by name, mended after an interruption."""

import threading
import time

import pytest

from providers.host.remote import packages
from providers.kit.testing import PluginError
from tests.host.life import declared

SAMPLE = "rehearsal-sample"


def state_of(machine, name: str) -> str:
    text: str = machine.run(f"dpkg-query -W -f '${{db:Status-Status}} ${{Version}}' {name} 2>/dev/null || echo none")
    return text.strip()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Reading package lists...\nE: Unable to locate package nginxx\n", "Unable to locate package nginxx"),
        ("E: Version '9' for 'jq' was not found\n", "Version '9' for 'jq' was not found"),
        ("dpkg: error processing package jq (--configure):\n installed failed\nE: Sub-process\n", "jq"),
    ],
)
def test_what_apt_says_names_the_package(text, told):
    assert packages.broken(text) == told


@pytest.mark.parametrize(
    ("installed", "seen"),
    [
        ({}, "jq (missing)"),
        ({"jq": ("config-files", "1.6")}, "jq (missing)"),
        ({"jq": ("half-configured", "1.6")}, "jq (half-configured)"),
        ({"jq": ("installed", "1.7")}, "jq=1.7"),
        ({"jq": ("installed", "1.6")}, "jq=1.6"),
    ],
)
def test_a_package_that_is_not_as_wanted_carries_what_it_is(installed, seen):
    assert packages.seen("jq=1.6", installed) == seen


@pytest.mark.engine
def test_packages_come_and_go_and_are_mended(fresh, plugin):
    life = declared(plugin, fresh)
    wanted = {"present": ["tree", f"{SAMPLE}=1.0"], "absent": ["cron"]}
    state = life.make("Packages", wanted)
    assert [state_of(fresh, name) for name in (SAMPLE, "cron")] == ["installed 1.0", "not-installed"]
    assert life.drift("Packages", state) == {}

    fresh.run("env DEBIAN_FRONTEND=noninteractive apt-get -y -q remove tree && apt-get -y -q install rehearsal-sample")
    found = life.read("Packages", state)
    assert list(found.outputs["present"]) == [f"{SAMPLE}=1.1", "tree (missing)"]
    assert life.differences("Packages", found, state.inputs) == {"present[0]": "update", "present[1]": "update"}
    life.mend("Packages", state)
    assert state_of(fresh, SAMPLE) == "installed 1.0"

    fresh.run(f"dpkg --unpack --force-downgrade /srv/apt/{SAMPLE}_1.0_all.deb")
    assert list(life.read("Packages", state).outputs["present"]) == [f"{SAMPLE} (unpacked)", "tree"]
    life.mend("Packages", state)
    assert state_of(fresh, SAMPLE) == "installed 1.0"


@pytest.mark.engine
def test_a_package_that_nobody_has_is_named_with_what_apt_says(life):
    with pytest.raises(PluginError, match=r"(?s)Unable to locate package nobody-has-it; .*\n    E: Unable to locate"):
        life.make("Packages", {"present": ["nobody-has-it"]})


@pytest.mark.engine
def test_a_package_that_cannot_be_configured_is_named_and_the_next_run_goes_on(fresh, plugin):
    life = declared(plugin, fresh)
    fresh.run(
        "mkdir -p /tmp/bad/DEBIAN && cd /tmp/bad && printf '#!/bin/sh\\ntest -e /srv/healed\\n' > DEBIAN/postinst &&"
        "chmod 755 DEBIAN/postinst && printf 'Package: bad\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@x>\\n"
        "Description: x\\n' > DEBIAN/control && dpkg-deb -b /tmp/bad /srv/bad.deb && (dpkg -i /srv/bad.deb || true)"
    )
    with pytest.raises(PluginError, match=r"an interrupted dpkg cannot be finished: bad; run `dpkg --configure -a`"):
        life.make("Packages", {"present": ["tree"]})
    fresh.run("touch /srv/healed")
    life.make("Packages", {"present": ["tree", "bad"]})
    assert state_of(fresh, "bad") == "installed 1"


@pytest.mark.engine
def test_it_waits_for_another_apt_and_says_when_that_does_not_end(life, machine):
    hold = (
        'python3 -c \'import fcntl,time; f=open("/var/lib/dpkg/lock-frontend","r+"); fcntl.lockf(f,fcntl.LOCK_EX);'
        "print(1,flush=True); time.sleep({})'"
    )
    holder = threading.Thread(target=machine.run, args=(hold.format(3),))
    holder.start()
    time.sleep(0.5)
    began = time.monotonic()
    life.make("Packages", {"present": ["sudo"]})
    assert time.monotonic() - began > 1.5
    holder.join()
    holder = threading.Thread(target=machine.run, args=(hold.format(5),))
    holder.start()
    time.sleep(0.5)
    inputs = life.inputs("Packages", {"present": ["sudo"]})
    with pytest.raises(PluginError, match=r"another apt or dpkg holds the lock and does not end; look at it"):
        life.plugin.create("Packages", inputs, timeout=1)
    holder.join()
