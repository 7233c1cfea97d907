"""A change of K3s that goes wrong is undone, and says why; the next run goes on from whatever was left."""

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from providers.kit.testing import PluginError, Secret
from tests.host.k3s_ground import KUBECTL

pytestmark = pytest.mark.engine
UNKNOWN_FLAG = {"kubelet-arg": ["fail-cgroupv1=false", "no-such-flag=1"]}


@pytest.fixture(autouse=True)
def _configured(k3s):
    assert k3s


def test_a_flag_that_the_kubelet_does_not_know_is_undone_and_told(cluster):
    agent, wanted = cluster.agent, cluster.agent.agent(cluster.server_state, config=UNKNOWN_FLAG)
    told = r"(?s)ends again and again.*what was there before runs again, v1.36.2.*unknown flag: --no-such-flag"
    with pytest.raises(PluginError, match=told):
        agent.life.up("K3sAgent", cluster.agent_state, wanted)
    assert agent.life.drift("K3sAgent", cluster.agent_state) == {}


def test_an_agent_that_never_becomes_ready_is_undone_after_its_patience(cluster):
    agent = cluster.agent
    flags = {"kubelet-arg": ["fail-cgroupv1=false", "v=1"]}
    wanted = agent.agent(cluster.server_state, config=flags, patienceSeconds=5)
    with agent.fault("never-ready"):
        # The one that was there before runs without it.
        seen = "journalctl --unit k3s-agent --since @$(date +%s) --follow | grep --max-count 1 never-ready"
        stop = threading.Thread(target=agent.run, args=[f"{seen}; rm /etc/rehearsal/k3s-faults/never-ready"])
        stop.start()
        with pytest.raises(PluginError, match=r"not ready after 5 s: its unit is activating.*runs again"):
            agent.life.up("K3sAgent", cluster.agent_state, wanted)
        stop.join()
    assert agent.life.drift("K3sAgent", cluster.agent_state) == {}


def test_sockets_that_are_opened_to_others_are_refused_and_closed_again(cluster):
    agent = cluster.agent
    flags = {"kube-proxy-arg": ["metrics-bind-address=0.0.0.0:10249"]}
    with pytest.raises(PluginError, match=r"open to others and must be on loopback alone: \S+:10249; what was there"):
        agent.life.up("K3sAgent", cluster.agent_state, agent.agent(cluster.server_state, config=flags))
    assert agent.life.drift("K3sAgent", cluster.agent_state) == {}


def test_a_binary_that_is_another_one_than_was_locked_changes_nothing(cluster, k3s, tmp_path):
    before, now = k3s.versions
    for digest in k3s.toolchain.k3s.values():
        shutil.copy(k3s.toolchain.artefacts / k3s.toolchain.k3s[now], tmp_path / digest)
    k3s.configure(artefacts=str(tmp_path))
    process = cluster.agent.process("k3s-agent")
    with pytest.raises(PluginError, match="it is damaged or not the one that was locked"):
        cluster.agent.life.up(
            "K3sAgent", cluster.agent_state, cluster.agent.agent(cluster.server_state, **k3s.binary(before))
        )
    assert cluster.agent.process("k3s-agent") == process
    assert cluster.agent.life.drift("K3sAgent", cluster.agent_state) == {}


@pytest.mark.parametrize(("seconds", "told"), [(86400, "86[34][0-9]{2} s ahead of"), (-3600, "36[0-9]{2} s behind")])
def test_a_host_whose_clock_is_wrong_is_told_before_anything_changes(cluster, k3s, seconds, told):
    agent, process = cluster.agent, cluster.agent.process("k3s-agent")
    wrong = "/usr/lib/python3/dist-packages/wrong_clock.pth"
    agent.run(f"echo 'import time; time.time = (lambda now: lambda: now() + {seconds})(time.time)' > {wrong}")
    k3s.configure()
    wanted = agent.agent(cluster.server_state, config={"kubelet-arg": ["fail-cgroupv1=false", "v=1"]})
    try:
        with pytest.raises(PluginError, match=f"its clock is {told} the clock here.*nothing was changed"):
            agent.life.up("K3sAgent", cluster.agent_state, wanted)
    finally:
        agent.run(f"rm {wrong}")
    k3s.configure()
    assert agent.process("k3s-agent") == process
    assert agent.life.drift("K3sAgent", cluster.agent_state) == {}


def test_a_loss_of_power_in_the_middle_is_made_up_for_by_the_next_run(cluster, k3s):
    agent = cluster.agent
    wanted = agent.agent(cluster.server_state, config={"kubelet-arg": ["fail-cgroupv1=false", "v=1"]})
    with agent.fault("never-ready"):
        lost = threading.Timer(4, k3s.room.halt, [agent.machine.id])
        lost.start()
        with pytest.raises(PluginError, match=r"connection was cut|no address answers"):
            agent.life.up("K3sAgent", cluster.agent_state, wanted)
        lost.join()
        k3s.boot(2)
    found = agent.life.drift("K3sAgent", cluster.agent_state)
    assert {"current", "config.kubelet-arg[1]"} <= set(found)
    agent.run("rm -f /etc/rehearsal/k3s-faults/never-ready; systemctl stop k3s-agent")
    state = agent.life.up("K3sAgent", cluster.agent_state, wanted)
    assert agent.life.drift("K3sAgent", state) == {}
    agent.life.up("K3sAgent", state, cluster.agent_state.inputs)


def test_a_secret_that_stands_unencrypted_in_the_datastore_is_found(cluster):
    server, folder = cluster.server, "/var/lib/rancher/k3s/server/tls/etcd"
    etcdctl = (
        f"/opt/rehearsal/bin/etcdctl --endpoints https://127.0.0.1:2379 --cacert {folder}/server-ca.crt"
        f" --cert {folder}/client.crt --key {folder}/client.key"
    )
    server.run(f"{etcdctl} put /registry/secrets/kube-system/plain 'k8s in plain sight'")
    try:
        with pytest.raises(PluginError, match=r"/registry/secrets/kube-system/plain stands in the datastore unencrypt"):
            server.life.make("K3sServer", server.server(patienceSeconds=2))
    finally:
        server.run(f"{etcdctl} del /registry/secrets/kube-system/plain")
    server.life.make("K3sServer", server.server())


def test_agents_of_a_cluster_are_changed_one_after_the_other(cluster, k3s):
    nodes = [cluster.agent, k3s.boot(3)]
    states = [cluster.agent_state, nodes[1].life.make("K3sAgent", nodes[1].agent(cluster.server_state))]
    began = time.time()
    flags = {"kubelet-arg": ["fail-cgroupv1=false", "v=1"]}

    def change(node, state):
        return node.life.up("K3sAgent", state, node.agent(cluster.server_state, config=flags))

    with ThreadPoolExecutor() as threads:
        changed = list(threads.map(change, nodes, states))
    times = (
        "journalctl -u k3s-agent -o short-unix --no-pager --since @{} | grep -E 'Starting k3s-agent|Started k3s-agent'"
    )
    spans = [[float(line.split()[0]) for line in node.run(times.format(began)).splitlines()] for node in nodes]
    first, second = sorted(spans)
    assert first[-1] <= second[0], "the second one was restarted before the first one was ready"
    nodes[0].life.up("K3sAgent", changed[0], cluster.agent_state.inputs)
    k3s.plugin.delete("K3sAgent", changed[1].id, changed[1].outputs)
    k3s.room.stop("m3")
    cluster.server.run(f"{KUBECTL} delete node m3; {KUBECTL} -n kube-system delete secret m3.node-password.k3s")


def test_tokens_are_rotated_and_stand_in_no_log_and_no_command_line(cluster, k3s, canary):
    server, agent = cluster.server, cluster.agent
    watch = "while :; do cat /proc/[0-9]*/cmdline >> /run/seen 2>/dev/null; done"
    server.run(f"rm -f /run/seen; systemd-run -q --unit=watch sh -c '{watch}'")
    new = {"token": Secret(f"server-{canary}"), "agentToken": Secret(f"agent-{canary}")}
    state = server.life.up("K3sServer", cluster.server_state, server.server(**new))
    server.run("systemctl stop watch")
    seen = server.run("tr '\\0' '\\n' < /run/seen | sort -u; journalctl --no-pager; rm /run/seen")
    assert canary not in seen + k3s.plugin.printed
    assert state.outputs["joinToken"] != cluster.server_state.outputs["joinToken"]
    assert server.life.drift("K3sServer", state) == {}
    assert agent.life.drift("K3sAgent", cluster.agent_state) == {}, "an agent goes on with the old one until it is told"
    joined = agent.life.up("K3sAgent", cluster.agent_state, agent.agent(state))
    back = server.life.up("K3sServer", state, cluster.server_state.inputs)
    agent.life.up("K3sAgent", joined, agent.agent(back))
    assert server.life.drift("K3sServer", cluster.server_state) == {}


def test_an_agent_is_deleted_while_the_api_is_down_and_comes_back_under_its_name(cluster, k3s):
    server, agent = cluster.server, cluster.agent
    server.run("systemctl stop k3s")
    k3s.plugin.delete("K3sAgent", cluster.agent_state.id, cluster.agent_state.outputs)
    left = agent.run(
        "find /etc/rancher /var/lib/rancher /var/lib/kubelet /run/k3s /var/lib/cni /usr/local/bin -type f || true"
    )
    assert left.split() == ["/etc/rancher/node/password"]
    assert agent.run("nft list tables; ipset list -name; ip -br link | grep -E 'cni|flannel|veth' || true") == ""
    assert agent.run("ps -eo args | grep -E '[k]ube|[c]ontainerd|[k]3s' || true") == ""
    with pytest.raises(
        PluginError, match=r"(?s)k3s-agent.service.*nothing was there before, and all was removed again"
    ):
        agent.life.make("K3sAgent", agent.agent(cluster.server_state, patienceSeconds=5))
    server.life.mend("K3sServer", cluster.server_state)
    agent.life.make("K3sAgent", agent.agent(cluster.server_state))
    assert agent.life.drift("K3sAgent", cluster.agent_state) == {}


@pytest.mark.soak
def test_a_new_version_that_fails_leaves_the_old_one_running_and_the_next_try_goes_on(k3s):
    before, now = k3s.versions
    node = k3s.boot(4)
    state = node.life.make("K3sServer", node.server(**k3s.binary(before)))
    with (
        node.fault("exit-at-start", now),
        pytest.raises(
            PluginError, match=r"(?s)ends again and again.*what was there before runs again, v1\.36\.0.*asked for"
        ),
    ):
        node.life.up("K3sServer", state, node.server())
    assert node.life.drift("K3sServer", state) == {}
    assert node.node("m4")["status"]["nodeInfo"]["kubeletVersion"] == before
    state = node.life.up("K3sServer", state, node.server())
    assert state.outputs["kubeletVersion"] == now
    assert node.life.drift("K3sServer", state) == {}
    k3s.plugin.delete("K3sServer", state.id, state.outputs)
    k3s.room.stop("m4")
