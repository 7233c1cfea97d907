// Package agent joins a machine to a cluster and makes it a node.
package agent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sophia/tools/k3s/config"
	"sophia/tools/k3s/log"
	"sophia/tools/k3s/node"
	"sophia/tools/k3s/programs"
	"sophia/tools/k3s/token"
)

// Settings say which node a machine becomes, and of which cluster.
type Settings struct {
	Version   string
	Arguments []string
	DataDir   string
	NodeName  string
	NodeIP    string
	// ExternalIP is the address that others reach the machine at, or empty.
	ExternalIP string
	// Server is the URL of the server to join.
	Server string
	Token  string
	// BalancerPort is the port of the local load balancer; nothing where the server is this machine.
	BalancerPort int

	Labels, Taints, KubeletArgs, KubeProxyArgs []string

	ProtectKernelDefaults                               bool
	PauseImage, DefaultRuntime, PrivateRegistry, Resolv string
}

// FromConfig reads what agents and the nodes of servers have in common.
func FromConfig(values *config.Values, version string) (Settings, error) {
	settings := Settings{
		Version:               version,
		Arguments:             values.Arguments,
		DataDir:               values.String("data-dir"),
		NodeName:              values.String("node-name"),
		Labels:                values.List("node-label"),
		Taints:                values.List("node-taint"),
		KubeletArgs:           values.List("kubelet-arg"),
		KubeProxyArgs:         values.List("kube-proxy-arg"),
		ProtectKernelDefaults: values.Bool("protect-kernel-defaults"),
		PauseImage:            values.String("pause-image"),
		DefaultRuntime:        values.String("default-runtime"),
		PrivateRegistry:       values.String("private-registry"),
		Resolv:                values.String("resolv-conf"),
	}
	if settings.DataDir == "" {
		settings.DataDir = "/var/lib/rancher/k3s"
	}
	if values.Bool("with-node-id") {
		return settings, errors.New("the rehearsal's k3s does not support with-node-id: give every machine its own node-name")
	}
	absolute, err := filepath.Abs(settings.DataDir)
	if err != nil {
		return settings, err
	}
	settings.DataDir = absolute
	if settings.NodeName == "" {
		if settings.NodeName, err = os.Hostname(); err != nil {
			return settings, err
		}
	}
	settings.NodeName = strings.ToLower(settings.NodeName)
	if settings.NodeIP, err = address(values, "node-ip"); err != nil {
		return settings, err
	}
	if settings.NodeIP == "" {
		if settings.NodeIP, err = ownAddress(); err != nil {
			return settings, err
		}
	}
	settings.ExternalIP, err = address(values, "node-external-ip")
	return settings, err
}

func address(values *config.Values, name string) (string, error) {
	given := values.Split(name)
	for _, one := range given {
		if net.ParseIP(one) == nil {
			return "", fmt.Errorf("invalid %s: invalid ip format '%s'", name, one)
		}
	}
	if len(given) == 0 {
		return "", nil
	}
	return given[0], nil
}

func ownAddress() (string, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for _, one := range addresses {
		if network, is := one.(*net.IPNet); is && network.IP.To4() != nil && network.IP.IsGlobalUnicast() {
			return network.IP.String(), nil
		}
	}
	return "", errors.New("no default routes found in \"/proc/net/route\" or \"/proc/net/ipv6_route\"; set node-ip")
}

// Run joins the cluster and is a node of it until the context ends. It calls ready when the kubelet answers.
func Run(ctx context.Context, s Settings, ready func()) error {
	joining, err := s.prepare()
	if err != nil {
		return err
	}
	// The load balancer ends last: what a node says when it goes is sent through it.
	balancing, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	url, balancer, err := s.route(balancing)
	if err != nil {
		return err
	}
	access, cluster, err := join(ctx, s, url, joining)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	if balancer != nil {
		go s.followServers(ctx, access, balancer)
	}
	resolv, err := s.resolvConf()
	if err != nil {
		return err
	}
	go s.annotate(ctx, url)
	if cluster.EgressMode != "disabled" {
		s.tunnel(ctx, access, cluster.TunneledPods())
	}
	return node.Run(ctx, node.Config{
		NodeName:              s.NodeName,
		NodeIP:                s.NodeIP,
		ExternalIP:            s.ExternalIP,
		Labels:                s.Labels,
		Taints:                s.Taints,
		APIServer:             url,
		KubeletKubeconfig:     s.file("kubelet.kubeconfig"),
		KubeProxyKubeconfig:   s.file("kubeproxy.kubeconfig"),
		ControllerKubeconfig:  s.file("k3scontroller.kubeconfig"),
		ClientCA:              s.file("client-ca.crt"),
		ServerCA:              s.file("server-ca.crt"),
		ServingCert:           s.file("serving-kubelet.crt"),
		ServingKey:            s.file("serving-kubelet.key"),
		ClientCert:            s.file("client-kubelet.crt"),
		ClientKey:             s.file("client-kubelet.key"),
		KubeletArgs:           s.KubeletArgs,
		KubeProxyArgs:         s.KubeProxyArgs,
		ProtectKernelDefaults: s.ProtectKernelDefaults,
		DisableKubeProxy:      cluster.DisableKubeProxy,
		DisableNetworkPolicy:  cluster.DisableNPC,
		PauseImage:            s.PauseImage,
		DefaultRuntime:        s.DefaultRuntime,
		PrivateRegistry:       s.PrivateRegistry,
		ResolvConf:            resolv,
		FlannelBackend:        cluster.FlannelBackend,
		FlannelExternalIP:     cluster.FlannelExternalIP,
		ClusterCIDR:           cluster.ClusterCIDR,
		ServiceCIDR:           cluster.ServiceCIDR,
		ClusterDNS:            cluster.ClusterDNS,
		ClusterDomain:         cluster.ClusterDomain,
		DataDir:               s.DataDir,
		Version:               s.Version,
		ProgramsDir:           programs.Root(),
		KubernetesDir:         programs.Kubernetes(s.Version),
		Ready:                 ready,
	})
}

func (s Settings) prepare() (token.Token, error) {
	if s.Server == "" {
		return token.Token{}, errors.New("--server is required")
	}
	_, missing := os.Stat(s.file("client-kubelet.crt"))
	if s.Token == "" && missing != nil {
		return token.Token{}, errors.New("--token is required")
	}
	for _, folder := range []string{"etc", "images", "etc/kubelet.conf.d"} {
		if err := os.MkdirAll(s.file(folder), 0o700); err != nil {
			return token.Token{}, err
		}
	}
	if s.Token == "" {
		return token.Token{}, nil
	}
	return token.Parse(s.Token)
}

// route returns the URL that this machine's programs reach the cluster at: the load balancer's, or the server's own.
func (s Settings) route(ctx context.Context) (string, *balancer, error) {
	server, err := url.Parse(strings.TrimRight(s.Server, "/"))
	if err != nil {
		return "", nil, fmt.Errorf("Invalid server url, failed to parse: %s: %w", s.Server, err)
	}
	if server.Scheme != "https" {
		return "", nil, errors.New("only https:// URLs are supported, invalid scheme: " + s.Server)
	}
	if s.BalancerPort == 0 {
		return server.String(), nil, nil
	}
	port := strconv.Itoa(s.BalancerPort)
	balancer, err := startBalancer(ctx, s.file(""), server, port)
	return "https://127.0.0.1:" + port, balancer, err
}

// followServers keeps the load balancer's list of servers.
func (s Settings) followServers(ctx context.Context, access *access, balancer *balancer) {
	for {
		var servers []string
		if err := access.get(ctx, "/v1-k3s/apiservers", &servers); err == nil && len(servers) > 0 {
			if err := balancer.update(servers); err != nil {
				log.Warn("The servers of the load balancer are not kept: %v", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(30 * time.Second):
		}
	}
}

// resolvConf returns the file that pods get their name servers from. One with a name server on loopback would send them to
// themselves.
func (s Settings) resolvConf() (string, error) {
	if s.Resolv != "" {
		return s.Resolv, nil
	}
	for _, path := range []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"} {
		if usable(path) {
			return path, nil
		}
	}
	path := s.file("etc/resolv.conf")
	log.Warn("Host resolv.conf includes loopback, multicast, or link-local nameservers - kubelet will use autogenerated resolv.conf with nameserver 8.8.8.8")
	return path, os.WriteFile(path, []byte("nameserver 8.8.8.8\n"), 0o600)
}

func usable(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	found := false
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		fields := strings.Fields(scanner.Text())
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		server := net.ParseIP(fields[1])
		if server == nil || !server.IsGlobalUnicast() {
			return false
		}
		found = true
	}
	return found
}
