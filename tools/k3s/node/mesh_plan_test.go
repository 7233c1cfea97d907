package node

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func named(name, pods, endpoint string) nodeObject {
	var node nodeObject
	node.Metadata.Name = name
	node.Spec.PodCIDR = pods
	if endpoint != "" {
		node.Metadata.Annotations = map[string]string{publicIPAnnotation: endpoint}
	}
	return node
}

func TestPeersAreTheOtherNodesThatHavePodsAndSaidWhereTheyAre(t *testing.T) {
	nodes := []nodeObject{
		named("c", "10.42.2.0/24", "203.0.113.3"),
		named("own", "10.42.0.0/24", "203.0.113.1"),
		named("joining", "", "203.0.113.9"),
		named("silent", "10.42.9.0/24", ""),
		named("b", "10.42.1.0/24", "203.0.113.2"),
	}
	want := []peer{
		{netip.MustParsePrefix("10.42.1.0/24"), netip.MustParseAddr("203.0.113.2")},
		{netip.MustParsePrefix("10.42.2.0/24"), netip.MustParseAddr("203.0.113.3")},
	}
	if got := peersOf(nodes, "own"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNothingIsDoneWhenTheDeviceLeadsToItsPeersAlready(t *testing.T) {
	peers := []peer{{netip.MustParsePrefix("10.42.1.0/24"), netip.MustParseAddr("203.0.113.2")}}
	have := entries{
		Routes:     map[string]string{"10.42.1.0/24": "10.42.1.0"},
		Neighbours: map[string]string{"10.42.1.0": "02:42:0a:2a:01:00"},
		Endpoints:  map[string]string{"02:42:0a:2a:01:00": "203.0.113.2"},
	}
	ip, bridge := commands("flannel-wg", peers, have)
	if len(ip)+len(bridge) > 0 {
		t.Errorf("done all the same: %v %v", ip, bridge)
	}
}

func TestAPeerWithAnotherAddressIsLedToAnewAndOneThatWentIsForgotten(t *testing.T) {
	peers := []peer{{netip.MustParsePrefix("10.42.1.0/24"), netip.MustParseAddr("203.0.113.77")}}
	have := entries{
		Routes:     map[string]string{"10.42.1.0/24": "10.42.1.0", "10.42.5.0/24": "10.42.5.0"},
		Neighbours: map[string]string{"10.42.1.0": "02:42:0a:2a:01:00", "10.42.5.0": "02:42:0a:2a:05:00"},
		Endpoints:  map[string]string{"02:42:0a:2a:01:00": "203.0.113.2", "02:42:0a:2a:05:00": "203.0.113.5"},
	}
	ip, bridge := commands("flannel-wg", peers, have)
	wantIP := []string{"route delete 10.42.5.0/24 dev flannel-wg", "neighbour delete 10.42.5.0 dev flannel-wg"}
	wantBridge := []string{
		"fdb delete 02:42:0a:2a:05:00 dev flannel-wg self",
		"fdb replace 02:42:0a:2a:01:00 dst 203.0.113.77 dev flannel-wg self permanent",
	}
	if !reflect.DeepEqual(ip, wantIP) || !reflect.DeepEqual(bridge, wantBridge) {
		t.Errorf("got %v and %v", ip, bridge)
	}
}

func TestABackendThatIsNotStoodInForIsRefused(t *testing.T) {
	if _, err := deviceOf("host-gw"); err == nil || !strings.Contains(err.Error(), "host-gw") {
		t.Errorf("not refused: %v", err)
	}
}
