"""Units on a real machine: started and waited for, read back by name, mended, told of by their journal."""

import secrets

import pytest

from providers.kit.testing import PluginError

pytestmark = pytest.mark.engine
SLEEPS = "[Service]\nExecStart=/bin/sleep {}\n\n[Install]\nWantedBy=multi-user.target\n"
FAILS = "[Service]\nExecStart=/bin/sh -c 'echo the cause of it; exit 3'\n"
HANGS = "[Service]\nType=notify\nExecStart=/bin/sleep inf\n"


@pytest.fixture
def name(machine):
    """A name that no unit has yet; nothing of it is left."""
    unit = f"test-{secrets.token_hex(4)}.service"
    yield unit
    machine.run(
        f"systemctl disable --now {unit} 2>/dev/null; systemctl unmask {unit} 2>/dev/null;"
        f"rm -f /etc/systemd/system/{unit}; systemctl daemon-reload; systemctl reset-failed"
    )


def shown(machine, name: str, what: str) -> str:
    text: str = machine.run(f"systemctl show {name} -p {what} --value").strip()
    return text


def test_a_unit_is_written_enabled_and_active(life, machine, name):
    life.make("Unit", {"name": name, "content": SLEEPS.format("inf")})
    assert [shown(machine, name, what) for what in ("ActiveState", "UnitFileState")] == ["active", "enabled"]


def test_nothing_differs_after_a_refresh_and_a_second_create_restarts_nothing(life, machine, name):
    inputs = {"name": name, "content": SLEEPS.format("inf")}
    state = life.make("Unit", inputs)
    began = shown(machine, name, "ActiveEnterTimestampMonotonic")
    assert life.drift("Unit", state) == {}
    life.make("Unit", inputs)
    assert shown(machine, name, "ActiveEnterTimestampMonotonic") == began


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ("systemctl stop {}", {"active"}),
        ("systemctl disable {}", {"enabled"}),
        ("systemctl disable --now {}; rm /etc/systemd/system/{}", {"active", "enabled", "content"}),
        ("echo '# x' >> /etc/systemd/system/{}", {"content"}),
        ("mv /etc/systemd/system/{} /tmp/; systemctl mask --now {}", {"masked", "active", "enabled", "content"}),
    ],
)  # fmt: skip
def test_what_somebody_changed_is_named_and_mended(life, machine, name, change, paths):
    state = life.make("Unit", {"name": name, "content": SLEEPS.format("inf")})
    machine.run(change.replace("{}", name))
    assert set(life.drift("Unit", state)) == paths
    life.mend("Unit", state)
    assert shown(machine, name, "ActiveState") == "active"


def test_another_trigger_and_another_content_restart_it(life, machine, name):
    state = life.make("Unit", {"name": name, "content": SLEEPS.format("1000"), "triggers": {"config": "1"}})
    began = shown(machine, name, "MainPID")
    state = life.up("Unit", state, {"name": name, "content": SLEEPS.format("1000"), "triggers": {"config": "2"}})
    triggered = shown(machine, name, "MainPID")
    life.up("Unit", state, {"name": name, "content": SLEEPS.format("1001"), "triggers": {"config": "2"}})
    assert len({began, triggered, shown(machine, name, "MainPID")}) == 3
    assert "1001" in machine.run(f"cat /proc/$(systemctl show {name} -p MainPID --value)/cmdline | tr '\\0' ' '")


def test_a_restart_that_an_interruption_swallowed_is_a_finding_and_made_up_for(life, machine, name):
    state = life.make("Unit", {"name": name, "content": SLEEPS.format("inf")})
    began = shown(machine, name, "MainPID")
    machine.run(f"mkdir -p /run/sophia/restarts && touch /run/sophia/restarts/{name}")
    assert life.drift("Unit", state) == {"current": "update"}
    life.mend("Unit", state)
    assert shown(machine, name, "MainPID") != began


def test_one_that_a_package_brings_is_stopped_masked_and_freed_again(life, machine):
    state = life.make("Unit", {"name": "cron.service"})
    masked = {"name": "cron.service", "masked": True, "enabled": False, "active": False}
    state = life.up("Unit", state, masked)
    assert shown(machine, "cron.service", "LoadState") == "masked"
    assert life.drift("Unit", state) == {}
    state = life.up("Unit", state, {"name": "cron.service"})
    assert [shown(machine, "cron.service", what) for what in ("LoadState", "ActiveState")] == ["loaded", "active"]
    life.plugin.delete("Unit", state.id, state.outputs)
    assert shown(machine, "cron.service", "ActiveState") == "active"


@pytest.mark.parametrize(("content", "told"), [(FAILS, "the cause of it"), (HANGS, "is not active after 1.5 s")])
def test_one_that_never_becomes_active_says_why_and_leaves_nothing(life, machine, name, content, told):
    with pytest.raises(PluginError, match=rf"(?s)203\.0\.113\.\d+: unit {name}: .*{told}"):
        life.make("Unit", {"name": name, "content": content, "patienceSeconds": 1.5})
    assert shown(machine, name, "LoadState") == "not-found"
    assert machine.run(f"systemctl list-unit-files {name} --no-legend || true") == ""
    life.make("Unit", {"name": name, "content": SLEEPS.format("inf")})


def test_a_change_that_does_not_become_active_leaves_the_unit_as_it_was(life, machine, name):
    state = life.make("Unit", {"name": name, "content": SLEEPS.format("inf")})
    with pytest.raises(PluginError, match="the cause of it"):
        life.up("Unit", state, {"name": name, "content": FAILS})
    assert shown(machine, name, "ActiveState") == "active"
    assert life.drift("Unit", state) == {}


def test_one_that_does_not_exist_is_named(life):
    with pytest.raises(PluginError, match=r"unit nobody-has-it.service: systemd knows no such unit; correct the name"):
        life.make("Unit", {"name": "nobody-has-it.service"})


def test_deleting_one_of_ours_removes_it(life, machine, name):
    state = life.make("Unit", {"name": name, "content": SLEEPS.format("inf")})
    life.plugin.delete("Unit", state.id, state.outputs)
    assert shown(machine, name, "LoadState") == "not-found"


def test_a_file_that_was_changed_and_mended_meanwhile_is_read_again(life, machine, name, folder):
    """A daemon that was made to read what somebody wrote goes on with it, whatever the file holds since."""
    machine.run(f"mkdir -p {folder}; echo good > {folder}/read")
    state = life.make("Unit", {"name": name, "content": SLEEPS.format("inf"), "reads": [f"{folder}/read"]})
    assert life.drift("Unit", state) == {}
    machine.run(f"sleep 1.2; echo bad > {folder}/read; echo good > {folder}/read")
    assert life.drift("Unit", state) == {"current": "update"}
    life.mend("Unit", state)


def test_a_reload_that_is_refused_is_told_and_ends_nothing(life, machine, name, folder):
    machine.run(f"mkdir -p {folder}; echo good > {folder}/read")
    reloads = SLEEPS.format("inf").replace("\n\n", f"\nExecReload=/bin/grep -q good {folder}/read\n\n")
    inputs = {"name": name, "content": reloads}
    state = life.make("Unit", {**inputs, "triggers": {"read": "1"}})
    began = shown(machine, name, "MainPID")
    machine.run(f"echo bad > {folder}/read")
    with pytest.raises(PluginError, match="reload-or-restart"):
        life.up("Unit", state, {**inputs, "triggers": {"read": "2"}})
    assert (shown(machine, name, "ActiveState"), shown(machine, name, "MainPID")) == ("active", began)


def test_a_file_beside_a_units_own_counts_from_the_next_trigger_on(life, machine, name):
    state = life.make("Unit", {"name": name, "content": SLEEPS.format("inf"), "triggers": {"limits": "1"}})
    machine.run(
        f"mkdir -p /etc/systemd/system/{name}.d; printf '[Service]\\nNice=7\\n' > /etc/systemd/system/{name}.d/x.conf"
    )
    life.up("Unit", state, {"name": name, "content": SLEEPS.format("inf"), "triggers": {"limits": "2"}})
    assert shown(machine, name, "Nice") == "7"
    machine.run(f"rm -r /etc/systemd/system/{name}.d; systemctl daemon-reload")
