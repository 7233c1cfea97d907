package agent

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
)

func TestATunnelLeadsToThisMachineAndToPodsAndNowhereElse(t *testing.T) {
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	own := target.Addr().String()
	none := netip.Prefix{}
	for _, one := range []struct {
		address string
		pods    netip.Prefix
		want    string
	}{
		{own, none, "OK"},
		{strings.Replace(own, "127.0.0.1", "127.0.0.2", 1), none, "ERR 127.0.0.2"},
		{strings.Replace(own, "127.0.0.1", "127.0.0.2", 1), netip.MustParsePrefix("127.0.0.2/32"), "ERR dial tcp 127.0.0.2"},
		{"kubelet:10250", none, "ERR "},
	} {
		server, agent := net.Pipe()
		go serve(agent, bufio.NewReader(agent), one.address, one.pods)
		line, err := bufio.NewReader(server).ReadString('\n')
		if err != nil && err != io.EOF || !strings.HasPrefix(line, one.want) {
			t.Errorf("%s with pods %v: got %q, %v", one.address, one.pods, line, err)
		}
		server.Close()
	}
}
