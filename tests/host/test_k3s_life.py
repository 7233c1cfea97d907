"""K3s on real machines: proven, taken over as it runs, changed, mended, and gone without an API."""

import subprocess
from typing import Any

import pytest

from providers.host.k3s_rendering import unit
from tests.host.k3s_ground import POLICY

pytestmark = pytest.mark.engine
CONFIG = "/etc/rancher/k3s/config.yaml"


@pytest.fixture(autouse=True)
def _configured(k3s):
    assert k3s


def test_a_server_and_an_agent_are_nodes_of_the_version_and_nothing_differs(cluster):
    release = cluster.server_state.outputs["version"]
    told = [state.outputs["kubeletVersion"] for state in (cluster.server_state, cluster.agent_state)]
    assert told == [release, release]
    assert cluster.server.life.drift("K3sServer", cluster.server_state) == {}
    assert cluster.agent.life.drift("K3sAgent", cluster.agent_state) == {}


def test_tokens_and_configuration_are_roots_alone_and_the_binary_runs_from_its_place(cluster):
    modes = cluster.server.run(f"stat -c %a {CONFIG} /etc/rancher/k3s/token /etc/rancher/k3s/agent-token {POLICY}")
    assert modes.split() == ["600"] * 4
    running = cluster.server.run(f"readlink /proc/{cluster.server.process('k3s')}/exe")
    assert running.strip() == "/usr/local/bin/k3s"
    assert cluster.server.run("ls -A /usr/local/bin /var/lib/sophia").split() == [
        *("/usr/local/bin:", "k3s", "/var/lib/sophia:", "k3s-proven"),
    ]  # fmt: skip


def test_the_kubeconfig_leads_through_the_proxy_to_the_cluster_under_the_stacks_name(cluster, tmp_path, k3s):
    (tmp_path / "kubeconfig").write_text(cluster.server_state.outputs["kubeconfig"].value)
    command = [k3s.toolchain.program("kubectl"), "--kubeconfig", tmp_path / "kubeconfig", "--context", "dev"]
    done = subprocess.run([*command, "get", "nodes", "-o", "name"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["node/m1", "node/m2"]


def test_what_fits_already_is_taken_over_as_it_runs(cluster):
    server, agent = cluster.server, cluster.agent
    before = server.process("k3s"), agent.process("k3s-agent")
    # As another one has installed it: in other words, with the installer's comments, and nothing of ours.
    installed = unit("server").replace(
        "ExecStart=/usr/local/bin/k3s server", "ExecStart=/usr/local/bin/k3s \\\n    server \\\n"
    )
    server.run("cat > /etc/systemd/system/k3s.service; systemctl daemon-reload", text=f"# by hand\n{installed}\n")
    server.run(f"sed -i '1i # by hand' {CONFIG}; touch -d '1 hour ago' {CONFIG}; rm -r /var/lib/sophia")
    agent.run("rm -r /var/lib/sophia")
    state = server.life.make("K3sServer", server.server())
    joined = agent.life.make("K3sAgent", agent.agent(state))
    assert (server.process("k3s"), agent.process("k3s-agent")) == before
    assert server.run(f"head -1 {CONFIG}").strip() == "# by hand"
    assert server.life.drift("K3sServer", state) == {}
    assert agent.life.drift("K3sAgent", joined) == {}


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ("echo 'debug: true' >> /etc/rancher/k3s/config.yaml", {"config.debug"}),
        ("rm /etc/rancher/k3s/config.yaml", {"config.node-name", "config.node-ip", "config.node-external-ip",
                                             "config.kubelet-arg", "config.server"}),
        ("truncate -s -1000 /usr/local/bin/k3s || true", {"artefacts.amd64.sha256"}),
        ("rm /usr/local/bin/k3s", {"artefacts.amd64.sha256"}),
        ("systemctl stop k3s-agent", {"active"}),
        ("systemctl disable --now k3s-agent", {"active", "enabled"}),
        ("echo 'Environment=X=1' >> /etc/systemd/system/k3s-agent.service", {"unit"}),
        ("chmod 0644 /etc/rancher/k3s/token", {"readable[0]"}),
        ("echo x >> /etc/rancher/k3s/token", {"token"}),
        ("mkdir -p /etc/rancher/k3s/config.yaml.d; echo 'debug: true' > /etc/rancher/k3s/config.yaml.d/x.yaml",
         {"dropIns[0]"}),
        ("rm /var/lib/sophia/k3s-proven", {"current"}),
        ("sleep 1.2; cp /etc/rancher/k3s/config.yaml /tmp/c; cat /tmp/c > /etc/rancher/k3s/config.yaml", {"current"}),
    ],
)  # fmt: skip
def test_what_somebody_changed_on_an_agent_is_named_and_mended(cluster, change, paths):
    # A text file that is busy cannot be written to: as those who install by hand do, in another file's place.
    change = change.replace("truncate", "cp /usr/local/bin/k3s /tmp/k; mv /tmp/k /usr/local/bin/k3s; truncate")
    cluster.agent.run(change)
    assert set(cluster.agent.life.drift("K3sAgent", cluster.agent_state)) == paths
    cluster.agent.life.mend("K3sAgent", cluster.agent_state)


def test_four_things_changed_on_the_server_are_all_named_and_mended_at_once(cluster):
    server = cluster.server
    server.run(
        f"echo 'debug: true' >> {CONFIG}; echo '# x' >> {POLICY}; systemctl stop k3s; echo x >> /usr/local/bin/k3s"
    )
    found = set(server.life.drift("K3sServer", cluster.server_state))
    assert found == {"active", "artefacts.amd64.sha256", "config.debug", "files[0].content"}
    server.life.mend("K3sServer", cluster.server_state)


def test_another_flag_restarts_the_agent_and_the_node_says_so(cluster):
    agent = cluster.agent
    before, process = agent_hash(cluster), agent.process("k3s-agent")
    flags = {"kubelet-arg": ["fail-cgroupv1=false", "streaming-connection-idle-timeout=5m"]}
    state = agent.life.up("K3sAgent", cluster.agent_state, agent.agent(cluster.server_state, config=flags))
    assert agent.process("k3s-agent") != process
    assert agent_hash(cluster) != before
    assert agent.life.drift("K3sAgent", state) == {}
    agent.life.up("K3sAgent", state, cluster.agent_state.inputs)


def agent_hash(cluster: Any) -> Any:
    """Return the digest of its configuration that the agent's node says."""
    return cluster.server.node("m2")["metadata"]["annotations"]["k3s.io/node-config-hash"]


def test_a_kubeconfig_that_ends_soon_is_a_finding_and_a_restart_renews_it(cluster):
    server, folder = cluster.server, "/var/lib/rancher/k3s/server/tls"
    server.run(
        f"cd {folder} && openssl req -new -key client-admin.key -subj /O=system:masters/CN=system:admin -out /tmp/a.csr"
        " && printf 'extendedKeyUsage=clientAuth' > /tmp/a.ext"
        " && openssl x509 -req -in /tmp/a.csr -CA client-ca.crt -CAkey client-ca.key -CAcreateserial -days 80"
        " -extfile /tmp/a.ext -out /tmp/a.crt 2>/dev/null && cat /tmp/a.crt client-ca.crt > client-admin.crt"
        " && data=$(base64 -w0 client-admin.crt)"
        ' && sed -i "s|client-certificate-data:.*|client-certificate-data: $data|" /etc/rancher/k3s/k3s.yaml'
    )
    assert server.life.drift("K3sServer", cluster.server_state) == {"certificateCurrent": "update"}
    mended = server.life.mend("K3sServer", cluster.server_state)
    assert mended.outputs["kubeconfigExpires"] >= cluster.server_state.outputs["kubeconfigExpires"]


def test_a_machine_that_cannot_be_reached_is_a_finding(cluster, k3s):
    k3s.room.halt(cluster.agent.machine.id)
    try:
        assert cluster.agent.life.drift("K3sAgent", cluster.agent_state) == {"reachable": "update"}
    finally:
        k3s.boot(2)
    cluster.agent.life.mend("K3sAgent", cluster.agent_state)
