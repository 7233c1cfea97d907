package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"

	"sophia/tools/k3s/log"
)

const (
	bridgeName = "cni0"
	meshTable  = "flannel-ipv4"
)

// mesh keeps the way to other nodes' pods.
type mesh struct {
	config Config
	device device
	api    *api
	// ready is closed when pods may be started: the device and the network configuration for pods are there.
	ready chan struct{}
	once  sync.Once
	last  string
}

// runMesh follows the nodes of the cluster until the context ends; what it made stays, because pods do.
func runMesh(ctx context.Context, c Config, api *api) error {
	device, err := deviceOf(c.FlannelBackend)
	if err != nil {
		return err
	}
	mesh := &mesh{config: c, device: device, api: api}
	follow(ctx, api, "", func(nodes []nodeObject) {
		if err := mesh.apply(ctx, nodes); err != nil && ctx.Err() == nil {
			log.Error("The mesh cannot be made: %v", err)
		}
	})
	return nil
}

// apply makes the device and everything on it equal to the nodes.
func (m *mesh) apply(ctx context.Context, nodes []nodeObject) error {
	var own nodeObject
	for _, node := range nodes {
		if node.Metadata.Name == m.config.NodeName {
			own = node
		}
	}
	pods, err := netip.ParsePrefix(own.Spec.PodCIDR)
	if err != nil {
		return nil // not registered yet, or without a range of addresses
	}
	peers := peersOf(nodes, m.config.NodeName)
	if now := fmt.Sprint(pods, peers); now != m.last {
		if err := m.create(ctx, pods); err != nil {
			return err
		}
		if err := m.lead(ctx, peers); err != nil {
			return err
		}
		log.Info("Mesh: pods of this node are %s, %d other nodes are reached by %s", pods, len(peers), m.device.Name)
		m.last = now
	}
	return m.annotate(ctx, own, pods)
}

// create makes the device, the translation of addresses and the configuration for pods.
func (m *mesh) create(ctx context.Context, pods netip.Prefix) error {
	for _, setting := range []string{"net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables"} {
		if err := os.WriteFile("/proc/sys/"+setting, []byte("1"), 0o644); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	mtu, err := mtuOf(m.config.NodeIP)
	if err != nil {
		return err
	}
	name := m.device.Name
	// From that one port too, as WireGuard: to a firewall all packets between two nodes are one connection, which goes on
	// when one of them is no node any more and has pods yet.
	kind := fmt.Sprintf("vxlan id %d dstport %d srcport %d %d local %s nolearning",
		m.device.VNI, m.device.Port, m.device.Port, m.device.Port+1, m.config.NodeIP)
	if !m.made(ctx) {
		_ = run(ctx, "", "ip", "link", "delete", name) // of another shape, or none
		if err := run(ctx, "", "ip", strings.Fields(fmt.Sprintf("link add %s type %s", name, kind))...); err != nil {
			return err
		}
	}
	lines := []string{
		fmt.Sprintf("link set %s address %s mtu %d up", name, hardware(pods), mtu-encapsulation),
		fmt.Sprintf("address replace %s/32 dev %s", pods.Addr(), name),
	}
	if err := run(ctx, strings.Join(lines, "\n")+"\n", "ip", "-batch", "-"); err != nil {
		return err
	}
	if err := run(ctx, translation(pods, m.config.ClusterCIDR), "nft", "--file", "-"); err != nil {
		return err
	}
	subnet := fmt.Sprintf("FLANNEL_NETWORK=%s\nFLANNEL_SUBNET=%s/%d\nFLANNEL_MTU=%d\nFLANNEL_IPMASQ=true\n",
		m.config.ClusterCIDR, pods.Addr().Next(), pods.Bits(), mtu-encapsulation)
	if err := write("/run/flannel/subnet.env", subnet, 0o644); err != nil {
		return err
	}
	return write(m.config.agentDir("etc/cni/net.d/10-flannel.conflist"), podNetwork(pods, m.config.ClusterCIDR, mtu-encapsulation), 0o600)
}

// made tells whether the device is there as it shall be.
func (m *mesh) made(ctx context.Context) bool {
	text, err := output(ctx, "", "ip", "-json", "-details", "link", "show", m.device.Name)
	var links []struct {
		LinkInfo struct {
			Data struct {
				ID    int    `json:"id"`
				Local string `json:"local"`
				Port  int    `json:"port"`
			} `json:"info_data"`
		} `json:"linkinfo"`
	}
	if err != nil || json.Unmarshal([]byte(text), &links) != nil || len(links) != 1 {
		return false
	}
	data := links[0].LinkInfo.Data
	return data.ID == m.device.VNI && data.Local == m.config.NodeIP && data.Port == m.device.Port
}

// lead makes the device lead to exactly these peers.
func (m *mesh) lead(ctx context.Context, peers []peer) error {
	have, err := m.present(ctx)
	if err != nil {
		return err
	}
	ip, bridge := commands(m.device.Name, peers, have)
	for program, lines := range map[string][]string{"ip": ip, "bridge": bridge} {
		if len(lines) == 0 {
			continue
		}
		if err := run(ctx, strings.Join(lines, "\n")+"\n", program, "-batch", "-"); err != nil {
			return err
		}
	}
	return nil
}

// present reads what the device leads to.
func (m *mesh) present(ctx context.Context) (entries, error) {
	have := entries{map[string]string{}, map[string]string{}, map[string]string{}}
	name := m.device.Name
	reads := []struct {
		command    []string
		key, value string
		into       map[string]string
	}{
		{[]string{"ip", "-json", "route", "show", "dev", name}, "dst", "gateway", have.Routes},
		{[]string{"ip", "-json", "neighbour", "show", "dev", name, "nud", "permanent"}, "dst", "lladdr", have.Neighbours},
		{[]string{"bridge", "-json", "fdb", "show", "dev", name}, "mac", "dst", have.Endpoints},
	}
	for _, read := range reads {
		text, err := output(ctx, "", read.command[0], read.command[1:]...)
		if err != nil {
			return have, err
		}
		var found []map[string]any
		if strings.TrimSpace(text) == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), &found); err != nil {
			return have, fmt.Errorf("%s: %w", strings.Join(read.command, " "), err)
		}
		for _, one := range found {
			key, known := one[read.key].(string)
			value, led := one[read.value].(string)
			if known && led {
				read.into[key] = value
			}
		}
	}
	return have, nil
}

// meshAddress is where other nodes reach this one.
func meshAddress(c Config) string {
	if c.FlannelExternalIP && c.ExternalIP != "" {
		return c.ExternalIP
	}
	return c.NodeIP
}

// annotate tells other nodes where this one is reached, as flannel does.
func (m *mesh) annotate(ctx context.Context, own nodeObject, pods netip.Prefix) error {
	want := map[string]string{
		publicIPAnnotation:                             meshAddress(m.config),
		backendAnnotation:                              m.device.Backend,
		"flannel.alpha.coreos.com/backend-data":        fmt.Sprintf(`{"VNI":%d,"VtepMAC":%q}`, m.device.VNI, hardware(pods)),
		"flannel.alpha.coreos.com/kube-subnet-manager": "true",
	}
	changed := map[string]string{}
	for key, value := range want {
		if own.Metadata.Annotations[key] != value {
			changed[key] = value
		}
	}
	if len(changed) == 0 {
		return nil
	}
	change := map[string]any{"metadata": map[string]any{"annotations": changed}}
	return m.api.patch(ctx, "/api/v1/nodes/"+m.config.NodeName+"/status", strategicMerge, change)
}

// mtuOf returns the MTU of the network card that has an address.
func mtuOf(address string) (int, error) {
	cards, err := net.Interfaces()
	if err != nil {
		return 0, err
	}
	for _, card := range cards {
		addresses, _ := card.Addrs()
		for _, one := range addresses {
			if network, is := one.(*net.IPNet); is && network.IP.String() == address {
				return card.MTU, nil
			}
		}
	}
	return 0, fmt.Errorf("no network card of this machine has the address %s", address)
}

// translation is flannel's table: what leaves the cluster, or enters it other than from a pod, has the node's address.
func translation(pods netip.Prefix, cluster string) string {
	return fmt.Sprintf(`table ip %[1]s
delete table ip %[1]s
table ip %[1]s {
	chain postrtg {
		type nat hook postrouting priority srcnat;
		meta mark and 0x4000 != 0 return
		ip saddr %[2]s ip daddr %[3]s return
		ip saddr %[3]s ip daddr %[2]s return
		ip saddr != %[2]s ip daddr %[3]s return
		ip saddr %[3]s ip daddr != 224.0.0.0/4 masquerade fully-random
		ip saddr != %[3]s ip daddr %[3]s masquerade fully-random
	}
}
`, meshTable, pods, cluster)
}

// podNetwork is the configuration that gives pods their network: K3s' own, with the bridge that its plugin makes.
func podNetwork(pods netip.Prefix, cluster string, mtu int) string {
	text, _ := json.MarshalIndent(map[string]any{
		"name":       "cbr0",
		"cniVersion": "1.0.0",
		"plugins": []any{
			map[string]any{
				"type": "bridge", "bridge": bridgeName, "mtu": mtu,
				"hairpinMode": true, "forceAddress": true, "isDefaultGateway": true, "ipMasq": false,
				"ipam": map[string]any{
					"type":   "host-local",
					"ranges": []any{[]any{map[string]string{"subnet": pods.String()}}},
					"routes": []any{map[string]string{"dst": cluster}},
				},
			},
			map[string]any{"type": "portmap", "capabilities": map[string]bool{"portMappings": true}},
		},
	}, "", "  ")
	return string(text) + "\n"
}
