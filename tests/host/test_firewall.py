"""The firewall of a real machine: read back by name, mended, refused, undone by the host itself, kept over a reboot."""

import time
from dataclasses import dataclass
from typing import Any

import pytest

from providers.host.connection import Nothing
from providers.host.firewall import Firewall
from providers.host.firewall_inputs import UNGUARDED, FirewallInputs
from providers.host.ruleset import render
from providers.kit import Live, ProviderError
from providers.kit.testing import UNKNOWN, PluginError, State
from rehearsal.waiting import until
from tests.host.declarations import ROWS
from tests.host.direct import OPERATION, directly
from tests.host.ground import BREAK_GLASS, STRANGER, Ground, configured, soon
from tests.host.life import Life
from tests.host.scan import scan

pytestmark = pytest.mark.engine

TABLE = "nft -s -t list table inet sophia"
SPARE = {**BREAK_GLASS, "cidr": "192.0.2.0/24"}
LATE = 10
"""Seconds between the decision how long something is open and the moment at which that begins, at worst."""
SHUT = [row for row in ROWS if row["name"] != "ssh"]


@dataclass(frozen=True)
class Walled(Ground):
    """A machine with a firewall, which each test leaves as it was."""

    life: Life
    state: State


@pytest.fixture(scope="module")
def walled(process, room, boot, keys):
    ground = Ground(configured(process, room, keys[0]), room, boot())
    life = ground.meet()
    state = life.make("Firewall", ground.firewall(breakGlass=[SPARE, BREAK_GLASS]))
    yield Walled(ground.plugin, room, ground.machine, life, state)
    room.stop(ground.machine.id)


@pytest.fixture
def bare(process, room, keys, fresh):
    """A machine of its own for a test."""
    return Ground(configured(process, room, keys[0]), room, fresh)


def made(ground: Ground, **changes: Any) -> tuple[Life, State]:
    life = ground.meet()
    return life, life.make("Firewall", ground.firewall(**changes))


def handle(comment: str) -> str:
    """Return a shell word that is the handle of a rule."""
    return f"$(nft -a list table inet sophia | sed -n 's/.*\"{comment}\" # handle //p')"


def test_nothing_differs_after_a_refresh_and_a_second_up_loads_nothing(walled):
    life, state = walled.life, walled.state
    before = walled.machine.run("nft -a list table inet sophia | grep handle")
    assert life.drift("Firewall", state) == {}
    life.mend("Firewall", state)
    assert walled.machine.run("nft -a list table inet sophia | grep handle") == before


RULES = {
    "nft add rule inet sophia input tcp dport 9090 accept": "tcp dport 9090 accept",
    "nft insert rule inet sophia input ip saddr 9.9.9.9 counter drop": "ip saddr 9.9.9.9 counter packets",
    "nft add chain inet sophia mine": "chain mine",
    f"nft replace rule inet sophia input handle {handle('http: world')} tcp dport 8081 accept": "tcp dport 8081 accept",
    f"nft delete rule inet sophia input handle {handle('base: dhcp')}": "base: dhcp",
    f"nft delete rule inet sophia input handle {handle('ssh: access')}": "break-glass only",
    "nft chain inet sophia input '{ policy accept; }'": "'policy': 'accept'",
    "nft add element inet sophia nodes '{ 9.9.9.9 }'": "'9.9.9.9'",
    "nft delete element inet sophia break_glass '{ 192.0.2.0/24 }'": "",
    "nft add element inet sophia break_glass '{ 9.9.9.9 }'": "'9.9.9.9/32'",
}
FILES = {
    "rm /etc/sophia/firewall.nft": "/etc/sophia/firewall.nft is missing",
    "echo >> /etc/sophia/firewall.break-glass": "/etc/sophia/firewall.break-glass was changed",
    "echo >> /usr/local/libexec/sophia-firewall": "/usr/local/libexec/sophia-firewall was changed",
    "systemctl disable -q sophia-firewall": "sophia-firewall.service is not enabled",
}
TABLE_GONE = {"nft delete table inet sophia": "there is no table inet sophia"}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        (RULES, {"unexpected", "absent", "rows", "policy", "nodes", "breakGlass"}),
        (FILES, {"unpersisted"}),
        (TABLE_GONE, {"policy", "rows", "nodes", "breakGlass", "absent"}),
    ],
    ids=["in the table", "for the next boot", "the whole table"],
)
def test_whatever_somebody_changed_is_named_and_mended(walled, changes, fields):
    life, state = walled.life, walled.state
    for change in changes:
        walled.machine.run(change)
    found = life.read("Firewall", state)
    assert {path.partition("[")[0] for path in life.differences("Firewall", found, state.inputs)} == fields
    told = str(found.outputs)
    assert [said for said in changes.values() if said not in told] == []
    assert {row["name"] for row in state.inputs["rows"]} - {row["name"] for row in found.outputs["rows"]} == (
        {"http"} if changes is RULES else {row["name"] for row in ROWS} if changes is TABLE_GONE else set()
    )
    life.mend("Firewall", state)


def test_tables_of_others_are_reported_and_never_touched(walled):
    life, state = walled.life, walled.state
    theirs = "table ip theirs { chain input { type filter hook input priority 10; policy accept; tcp dport 9 drop; }; }"
    walled.machine.run("nft -f -", theirs)
    try:
        before = walled.machine.run("nft -a list table ip theirs")
        assert life.drift("Firewall", state) == {"foreignTables[0]": "delete"}
        assert life.read("Firewall", state).outputs["foreignTables"] == ["ip theirs"]
        after = life.up("Firewall", state, state.inputs)
        walled.machine.run("nft add rule inet sophia input tcp dport 9090 accept")
        life.up("Firewall", after, state.inputs)
        assert walled.machine.run("nft -a list table ip theirs") == before
        assert life.drift("Firewall", after) == {"foreignTables[0]": "delete"}
    finally:
        walled.machine.run("nft delete table ip theirs")


def test_rows_that_shut_everybody_out_are_refused_in_the_preview_whatever_else_is_unknown(walled):
    shut = {**walled.state.inputs, "rows": SHUT}
    (failure,) = walled.plugin.check("Firewall", shut).failures.values()
    assert "no row opens tcp 22, the host's SSH port, to access" in failure
    with pytest.raises(PluginError, match="no row opens tcp 22"):
        walled.life.differences("Firewall", walled.state, {**shut, "nodes": [UNKNOWN]})


@pytest.mark.parametrize("entries", [[], [SPARE], [{**BREAK_GLASS, "expires": "2026-01-01T00:00:00Z"}]])
def test_rules_that_do_not_admit_the_connection_that_brings_them_are_refused_with_nothing_changed(walled, entries):
    before = walled.machine.run(TABLE)
    refused = r"our own connection comes from 198\.19\.255\.10 through eth0.*nothing was changed"
    with pytest.raises(PluginError, match=refused):
        walled.life.up("Firewall", walled.state, {**walled.state.inputs, "breakGlass": entries})
    assert walled.machine.run(TABLE) == before
    assert walled.life.drift("Firewall", walled.state) == {}


@pytest.mark.parametrize("first", [True, False], ids=["where there was no table", "where there was one"])
def test_a_host_that_lets_nobody_in_any_more_rolls_back_by_itself(bare, keys, first):
    state = None if first else made(bare)[1]
    before = bare.inside(["sh", "-c", TABLE]).stdout
    assert bool(before) is not first

    async def cut(hosts, connection):
        given = {**bare.firewall(rows=SHUT), "host": "m", "connection": connection}
        inputs = FirewallInputs.model_validate(given, context=UNGUARDED)
        await Firewall(hosts, guarded=False).create(inputs, OPERATION)

    with pytest.raises(ProviderError, match="host rolled back by itself, and the rules before hold"):
        directly(bare.room, keys[0], bare.machine.address, cut)
    assert bare.inside(["sh", "-c", TABLE]).stdout == before
    if state is None:
        assert bare.inside(["ls", "/etc/sophia"]).returncode
        state = made(bare)[1]
    assert bare.meet().drift("Firewall", state) == {}


async def killed(hosts, connection, ground: Ground, seconds: float) -> None:
    """Apply rules that shut everybody out, and end before anything is proven."""
    given = {**ground.firewall(rows=SHUT), "host": "m", "connection": connection}
    one = FirewallInputs.model_validate(given, context=UNGUARDED)
    table = render(one.rows, one.nodes, one.access_interface, one.break_glass)
    data = {"act": "apply", "ruleset": table.text, "break_glass": table.break_glass, "seconds": seconds}
    await hosts.run(connection, "firewall", data, OPERATION, step="applying")


def test_a_run_that_was_killed_before_its_proof_leaves_the_rules_of_before(bare, keys):
    life, state = made(bare)
    before = bare.machine.run(TABLE)
    directly(bare.room, keys[0], bare.machine.address, lambda hosts, way: killed(hosts, way, bare, 2))
    assert bare.machine.run(TABLE) != before
    deadline = time.monotonic() + 10
    while bare.machine.run(TABLE) != before and time.monotonic() < deadline:
        time.sleep(0.2)
    assert life.drift("Firewall", state) == {}


def test_the_next_run_undoes_what_a_killed_one_left_and_goes_on(bare, keys):
    life, state = made(bare)

    async def killed_and_again(hosts, connection):
        await killed(hosts, connection, bare, 60)
        given = {**bare.firewall(breakGlass=[SPARE, BREAK_GLASS]), "host": "m", "connection": connection}
        wanted = FirewallInputs.model_validate(given)
        seen = await Firewall(hosts).read("m/firewall", Live(wanted, Nothing()), OPERATION)
        await Firewall(hosts).create(wanted, OPERATION)
        return seen

    seen = directly(bare.room, keys[0], bare.machine.address, killed_and_again)
    assert "a change is not confirmed yet, and the host is about to undo it" in seen.inputs.unpersisted
    wanted = life.inputs("Firewall", {**state.inputs, "breakGlass": [SPARE, BREAK_GLASS]})
    assert life.drift("Firewall", State(state.id, {**state.outputs, **wanted}, wanted)) == {}
    assert "sophia-firewall-rollback" not in bare.machine.run("systemctl list-timers --all")


def ssh_answers(ground: Ground) -> bool:
    """Return whether SSH answers a stranger."""
    stranger = ground.room.client("stranger", STRANGER)
    found = scan(lambda command, text: stranger.run(command, text=text), ground.machine.address, seconds=1)
    return "tcp 22" in found


def test_break_glass_closes_by_itself(bare):
    seconds = 15
    entry = {**BREAK_GLASS, "cidr": f"{STRANGER}/32", "expires": soon(seconds)}
    end = time.monotonic() + seconds
    life, state = made(bare, breakGlass=[BREAK_GLASS, entry])
    assert ssh_answers(bare)
    time.sleep(max(0.0, end + 1 - time.monotonic()))
    # The kernel counts from the moment at which the table was loaded, which a busy machine does later.
    until(lambda: not ssh_answers(bare) or None, seconds=LATE, failure=lambda: "it is still open")
    assert life.drift("Firewall", state) == {}


def test_a_reboot_keeps_the_table_without_what_has_expired_meanwhile(bare):
    seconds = 15
    entry = {**BREAK_GLASS, "cidr": f"{STRANGER}/32", "expires": soon(seconds)}
    end = time.monotonic() + seconds
    _, state = made(bare, breakGlass=[BREAK_GLASS, SPARE, entry])
    before = bare.machine.run(TABLE)
    assert ssh_answers(bare)
    bare.room.halt(bare.machine.id)
    time.sleep(max(0.0, end + 1 - time.monotonic()))  # an instant is rounded to a whole second
    bare.room.boot(next(one.spec for one in bare.room.list() if one.spec.id == bare.machine.id))
    assert bare.machine.run(TABLE) == before
    assert not ssh_answers(bare)
    assert bare.meet().drift("Firewall", state) == {}
    moments = "systemctl show -P ActiveEnterTimestampMonotonic sophia-firewall.service network-pre.target ssh.service"
    loaded, network, ssh = (int(line) for line in bare.machine.run(moments).split())
    assert loaded <= network <= ssh


def test_deleting_it_leaves_nothing_of_it(bare):
    life, state = made(bare)
    life.plugin.delete("Firewall", state.id, state.outputs)
    assert (
        bare.machine.run("nft list tables; ls /etc/sophia /usr/local/libexec")
        == "/etc/sophia:\n\n/usr/local/libexec:\n"
    )
    assert bare.inside(["systemctl", "cat", "sophia-firewall"]).returncode
    life.plugin.delete("Firewall", state.id, state.outputs)
