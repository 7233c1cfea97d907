package node

import (
	"fmt"
	"net/netip"
	"sort"
)

const (
	publicIPAnnotation = "flannel.alpha.coreos.com/public-ip"
	backendAnnotation  = "flannel.alpha.coreos.com/backend-type"
	// encapsulation is what WireGuard adds to a packet, and more than vxlan does.
	encapsulation = 80
)

// device is the network device that a backend's packets to other nodes leave by.
type device struct {
	Name string
	VNI  int
	Port int
	// Backend is what flannel calls it in the Node's annotations.
	Backend string
}

// deviceOf returns a backend's device; vxlan stands in for WireGuard, which this kernel does not have, with its name, its
// port and its MTU, so that firewalls and addresses are tried alike.
func deviceOf(backend string) (device, error) {
	switch backend {
	case "wireguard-native":
		return device{"flannel-wg", 51820, 51820, "wireguard"}, nil
	case "vxlan":
		return device{"flannel.1", 1, 8472, "vxlan"}, nil
	default:
		return device{}, fmt.Errorf("flannel backend %q is not stood in for; wireguard-native, vxlan and none are", backend)
	}
}

// peer is another node, as packets reach it.
type peer struct {
	Pods     netip.Prefix
	Endpoint netip.Addr
}

// peersOf returns the nodes other than the own one that pods can be reached on, in the order of their pods' addresses.
// One that has no range of addresses yet, or has not said where it is reached, is left out until it has; so is a light one
// that is not in the mesh.
func peersOf(nodes []nodeObject, own string) []peer {
	var peers []peer
	for _, node := range nodes {
		pods, err := netip.ParsePrefix(node.Spec.PodCIDR)
		if err != nil || node.Metadata.Name == own {
			continue
		}
		if node.Metadata.Labels[fakeNode] != "" && node.Metadata.Annotations[backendAnnotation] == "" {
			continue
		}
		endpoint, err := netip.ParseAddr(node.Metadata.Annotations[publicIPAnnotation])
		if err != nil {
			continue
		}
		peers = append(peers, peer{pods.Masked(), endpoint})
	}
	sort.Slice(peers, func(i, j int) bool { return peers[i].Pods.Addr().Less(peers[j].Pods.Addr()) })
	return peers
}

// hardware is the address that the node with these pods has on the mesh: it needs not be told, and no two share it.
func hardware(pods netip.Prefix) string {
	address := pods.Addr().As4()
	return fmt.Sprintf("02:42:%02x:%02x:%02x:%02x", address[0], address[1], address[2], address[3])
}

// commands returns what makes the device lead to exactly these peers: lines for `ip -batch` and for `bridge -batch`.
//
// have is what is there now, by kind; what no peer needs any more is taken away first.
func commands(device string, peers []peer, have entries) (ip, bridge []string) {
	want := entries{Routes: map[string]string{}, Neighbours: map[string]string{}, Endpoints: map[string]string{}}
	for _, one := range peers {
		want.Routes[one.Pods.String()] = one.Pods.Addr().String()
		want.Neighbours[one.Pods.Addr().String()] = hardware(one.Pods)
		want.Endpoints[hardware(one.Pods)] = one.Endpoint.String()
	}
	for _, destination := range surplus(have.Routes, want.Routes) {
		ip = append(ip, fmt.Sprintf("route delete %s dev %s", destination, device))
	}
	for _, address := range surplus(have.Neighbours, want.Neighbours) {
		ip = append(ip, fmt.Sprintf("neighbour delete %s dev %s", address, device))
	}
	for _, hardware := range surplus(have.Endpoints, want.Endpoints) {
		bridge = append(bridge, fmt.Sprintf("fdb delete %s dev %s self", hardware, device))
	}
	for _, address := range missing(have.Neighbours, want.Neighbours) {
		ip = append(ip, fmt.Sprintf("neighbour replace %s lladdr %s dev %s nud permanent", address, want.Neighbours[address], device))
	}
	for _, destination := range missing(have.Routes, want.Routes) {
		ip = append(ip, fmt.Sprintf("route replace %s via %s dev %s onlink", destination, want.Routes[destination], device))
	}
	for _, hardware := range missing(have.Endpoints, want.Endpoints) {
		bridge = append(bridge, fmt.Sprintf("fdb replace %s dst %s dev %s self permanent", hardware, want.Endpoints[hardware], device))
	}
	return ip, bridge
}

// entries is what leads to peers: gateways by range, hardware addresses by gateway, endpoints by hardware address.
type entries struct {
	Routes, Neighbours, Endpoints map[string]string
}

func surplus(have, want map[string]string) []string {
	return missing(want, have, func(string) bool { return true })
}

// missing returns the keys of want that have lacks or holds another value for, in order; with only, those it lacks.
func missing(have, want map[string]string, only ...func(string) bool) []string {
	var keys []string
	for key, value := range want {
		held, known := have[key]
		if !known || (len(only) == 0 && held != value) {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	return keys
}
