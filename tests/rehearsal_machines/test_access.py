"""WireGuard in user space carries packets between machines, and from the runner."""

import subprocess

import pytest

from rehearsal.error import RehearsalError
from tests.rehearsal_machines.conftest import connects

pytestmark = pytest.mark.engine


def pair() -> tuple[str, str]:
    private = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout.strip()
    public = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True, check=True).stdout.strip()
    return private, public


def quick(private: str, address: str, peer: str, allowed: str, endpoint: str = "") -> str:
    return (
        f"[Interface]\nPrivateKey = {private}\nAddress = {address}\nListenPort = 51822\nMTU = 1420\n\n"
        f"[Peer]\nPublicKey = {peer}\nAllowedIPs = {allowed}\n" + (f"Endpoint = {endpoint}\n" if endpoint else "")
    )


def bring_up(lane, machine_id: str, configuration: str) -> None:
    script = "umask 077 && cat > /etc/wireguard/access.conf && systemctl restart wg-quick@access"
    done = lane.room.enter(machine_id, ["sh", "-c", script], text=configuration)
    assert done.returncode == 0, done.stderr


def test_two_machines_of_two_regions_speak_over_wireguard(lane):
    (one, one_public), (two, two_public) = pair(), pair()
    bring_up(lane, "m1", quick(one, "10.98.0.1/24", two_public, "10.98.0.3/32", "203.0.113.3:51822"))
    bring_up(lane, "m3", quick(two, "10.98.0.3/24", one_public, "10.98.0.1/32"))
    assert lane.room.enter("m1", ["ping", "-c", "3", "-i", "0.2", "-W", "5", "10.98.0.3"]).returncode == 0
    shown = lane.room.enter("m3", ["wg", "show", "access", "endpoints"]).stdout
    assert "203.0.113.1:51822" in shown, "the peer is known by its public address"


def test_the_runner_joins_an_access_network_again_with_another_file_and_leaves_it(lane):
    (host, host_public), (runner, runner_public) = pair(), pair()
    bring_up(lane, "m2", quick(host, "10.97.0.1/24", runner_public, "10.97.0.100/32"))
    lane.room.join_access(quick(runner, "10.97.0.100/24", host_public, "10.97.0.1/32", "203.0.113.2:51822"))
    assert connects(lane.room.runner, "10.97.0.1")
    assert lane.room.runner.run(["ssh-keyscan", "-T", "5", "-t", "ed25519", "10.97.0.1"]).stdout
    bring_up(lane, "m2", quick(host, "10.97.0.1/24", runner_public, "10.97.0.101/32"))
    lane.room.join_access(quick(runner, "10.97.0.101/24", host_public, "10.97.0.1/32", "203.0.113.2:51822"))
    assert connects(lane.room.runner, "10.97.0.1")
    lane.room.leave_access()
    assert not connects(lane.room.runner, "10.97.0.1")
    lane.room.leave_access()


def test_what_is_no_configuration_is_refused_without_showing_it(lane):
    with pytest.raises(RehearsalError, match="wg-quick file") as refused:
        lane.room.join_access("PrivateKey = canary")
    assert "canary" not in str(refused.value)
