package supervisor

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

func TestAPodIsReachedThroughTheTunnelOfItsNodeAndAKubeletThroughItsOwn(t *testing.T) {
	nodes := map[string]string{"10.42.1.7": "worker", "10.42.2.7": "server"}
	for address, wanted := range map[string]string{
		"10.42.1.7:8080":   "CONNECT 10.42.1.7:8080",
		"192.0.2.20:10250": "CONNECT 127.0.0.1:10250",
	} {
		tunnels := newTunnels(func(address string) string { return nodes[address] })
		asked := make(chan string, 1)
		tunnels.idle["worker"] = make(chan net.Conn, 1)
		tunnels.idle["192.0.2.20"] = tunnels.idle["worker"]
		tunnels.idle["worker"] <- agentThat(asked, "OK")
		way, err := tunnels.open(address)
		if err != nil {
			t.Fatal(err)
		}
		way.Close()
		if got := <-asked; got != wanted {
			t.Errorf("%s: the agent is asked %q, not %q", address, got, wanted)
		}
	}
}

func TestWhatAnAgentRefusesIsNotTriedAnyOtherWay(t *testing.T) {
	tunnels := newTunnels(func(string) string { return "worker" })
	tunnels.idle["worker"] = make(chan net.Conn, 1)
	tunnels.idle["worker"] <- agentThat(make(chan string, 1), Refusal+"connection refused")
	if _, err := tunnels.open("127.0.0.1:1"); err == nil || err.Error() != "connection refused" {
		t.Errorf("got %v", err)
	}
}

func TestOnlyTheModesOfEgressThatSaySoTunnelToPods(t *testing.T) {
	for mode, want := range map[string]string{"pod": "10.42.0.0/16", "cluster": "10.42.0.0/16", "agent": "invalid Prefix", "disabled": "invalid Prefix"} {
		if got := (AgentConfig{EgressMode: mode, ClusterCIDR: "10.42.0.0/16"}).TunneledPods().String(); got != want {
			t.Errorf("%s: got %s", mode, got)
		}
	}
}

// agentThat is the server's end of a connection to an agent, which tells what it is asked and gives one answer.
func agentThat(asked chan<- string, answer string) net.Conn {
	server, agent := net.Pipe()
	go func() {
		line, _ := bufio.NewReader(agent).ReadString('\n')
		asked <- strings.TrimSpace(line)
		fmt.Fprintln(agent, answer)
		io.Copy(io.Discard, agent)
	}()
	return server
}
