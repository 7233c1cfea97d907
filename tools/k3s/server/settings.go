package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sophia/tools/k3s/agent"
	"sophia/tools/k3s/config"
	"sophia/tools/k3s/controlplane"
	"sophia/tools/k3s/controlplane/flags"
	"sophia/tools/k3s/datastore"
	"sophia/tools/k3s/node"
	"sophia/tools/k3s/pki"
	"sophia/tools/k3s/programs"
	"sophia/tools/k3s/snapshots"
	"sophia/tools/k3s/supervisor"
)

// settings are what the flags of a server say, with what they leave to be found out.
type settings struct {
	version    string
	dir        pki.Dir
	token      string
	agentToken string
	node       agent.Settings
	disabled   []string
	registry   string
	// storage is the folder of volumes, on every node.
	storage string

	address   string
	port      int
	advertise string

	pki   pki.Settings
	plane controlplane.Settings
	etcd  *datastore.Etcd
	agent supervisor.AgentConfig

	snapshots *snapshots.Snapshots

	kubeconfig, kubeconfigMode, kubeconfigGroup string
	disableAgent, disableHelm                   bool
	balancerNamespace                           string
}

func read(values *config.Values, version string) (settings, error) {
	s := settings{version: version}
	if err := refuseUnsupported(values); err != nil {
		return s, err
	}
	var err error
	if s.node, err = agent.FromConfig(values, version); err != nil {
		return s, err
	}
	s.dir = pki.Dir(filepath.Join(s.node.DataDir, "server"))
	if s.token, err = values.Secret("token"); err != nil {
		return s, err
	}
	if s.agentToken, err = values.Secret("agent-token"); err != nil {
		return s, err
	}
	s.address, s.port = values.String("bind-address"), values.Int("https-listen-port")
	s.advertise = values.String("advertise-address")
	if s.advertise == "" {
		s.advertise = s.node.ExternalIP
	}
	if s.advertise == "" {
		s.advertise = s.node.NodeIP
	}
	s.kubeconfig, s.kubeconfigMode = values.String("write-kubeconfig"), values.String("write-kubeconfig-mode")
	s.kubeconfigGroup, s.disableAgent = values.String("write-kubeconfig-group"), values.Bool("disable-agent")
	s.disabled, s.disableHelm = values.Split("disable"), values.Bool("disable-helm-controller")
	s.balancerNamespace = values.String("servicelb-namespace")
	if s.registry = values.String("system-default-registry"); s.registry != "" {
		s.registry += "/"
	}
	if s.storage = values.String("default-local-storage-path"); s.storage == "" {
		s.storage = filepath.Join(s.node.DataDir, "storage")
	}
	if err := s.network(values); err != nil {
		return s, err
	}
	s.controlPlane(values)
	s.datastore(values)
	return s, nil
}

// refuseUnsupported says what real K3s does and this stand-in does not, so that nobody believes it was rehearsed.
func refuseUnsupported(values *config.Values) error {
	for _, name := range []string{"server", "datastore-endpoint"} {
		if values.String(name) != "" {
			return fmt.Errorf("the rehearsal's k3s has one server with the embedded etcd: %s is not supported", name)
		}
	}
	for _, name := range []string{"rootless", "disable-apiserver", "disable-etcd", "embedded-registry", "docker"} {
		if values.Bool(name) {
			return fmt.Errorf("the rehearsal's k3s does not support %s", name)
		}
	}
	if os.Getuid() != 0 && !values.Bool("disable-agent") {
		return errors.New("server requires additional privilege if not run with --rootless and/or --disable-agent")
	}
	if !values.Bool("cluster-reset") && values.String("cluster-reset-restore-path") != "" {
		return errors.New("invalid flag use; --cluster-reset required with --cluster-reset-restore-path")
	}
	switch mode := values.String("egress-selector-mode"); mode {
	case "agent", "cluster", "pod", "disabled":
	default:
		return fmt.Errorf("invalid egress-selector-mode %s", mode)
	}
	switch backend := values.String("flannel-backend"); backend {
	case "none", "vxlan", "host-gw", "wireguard-native":
	default:
		return fmt.Errorf("unknown flannel backend '%s'", backend)
	}
	return nil
}

func (s *settings) network(values *config.Values) error {
	cluster, service := "10.42.0.0/16", "10.43.0.0/16"
	if given := values.Split("cluster-cidr"); len(given) > 0 {
		cluster = given[0]
	}
	if given := values.Split("service-cidr"); len(given) > 0 {
		service = given[0]
	}
	if _, _, err := net.ParseCIDR(cluster); err != nil {
		return fmt.Errorf("invalid cluster-cidr %s: %w", cluster, err)
	}
	_, services, err := net.ParseCIDR(service)
	if err != nil {
		return fmt.Errorf("invalid service-cidr %s: %w", service, err)
	}
	dns := indexed(services, 10)
	if given := values.Split("cluster-dns"); len(given) > 0 {
		dns = given[0]
	}
	domain := values.String("cluster-domain")
	s.agent = supervisor.AgentConfig{
		Version:           s.version,
		ClusterCIDR:       cluster,
		ServiceCIDR:       service,
		ClusterDNS:        dns,
		ClusterDomain:     domain,
		FlannelBackend:    values.String("flannel-backend"),
		FlannelExternalIP: values.Bool("flannel-external-ip"),
		DisableKubeProxy:  values.Bool("disable-kube-proxy"),
		DisableNPC:        values.Bool("disable-network-policy"),
		EgressMode:        values.String("egress-selector-mode"),
	}
	s.pki = pki.Settings{
		SANs: append(values.Split("tls-san"),
			"127.0.0.1", "::1", "localhost", s.node.NodeName, s.node.NodeIP, s.advertise, indexed(services, 1)),
		ClusterDomain: domain,
		APIServer:     fmt.Sprintf("https://127.0.0.1:%d", s.apiServerPort(values)),
		Encrypt:       values.Bool("secrets-encryption"),
		Provider:      values.String("secrets-encryption-provider"),
	}
	return nil
}

func (s *settings) apiServerPort(values *config.Values) int {
	if port := values.Int("apiserver-port"); port != 0 {
		return port
	}
	return s.port + 1
}

func (s *settings) controlPlane(values *config.Values) {
	advertised := values.Int("advertise-port")
	if advertised == 0 {
		advertised = s.port
	}
	arguments := func(name string) []string { return values.List(name) }
	s.plane = controlplane.Settings{
		Dir:                      s.dir,
		Programs:                 programs.Kubernetes(s.version),
		APIServerPort:            s.apiServerPort(values),
		AdvertiseAddress:         s.advertise,
		AdvertisePort:            advertised,
		ClusterCIDR:              s.agent.ClusterCIDR,
		ServiceCIDR:              s.agent.ServiceCIDR,
		NodePorts:                values.String("service-node-port-range"),
		ClusterDomain:            s.agent.ClusterDomain,
		ExternalFirst:            s.agent.FlannelExternalIP,
		Encrypt:                  s.pki.Encrypt,
		APIServerArgs:            arguments("kube-apiserver-arg"),
		ControllerArgs:           append(arguments("kube-controller-manager-arg"), arguments("kube-controller-arg")...),
		SchedulerArgs:            arguments("kube-scheduler-arg"),
		DisableScheduler:         values.Bool("disable-scheduler"),
		DisableControllerManager: values.Bool("disable-controller-manager"),
		NoWebhooks:               node.ObjectsOnly(),
		Debug:                    values.Bool("debug"),
	}
	if s.agent.EgressMode != "disabled" && flags.Value(s.plane.APIServerArgs, "egress-selector-config-file") == "" {
		s.plane.Egress = filepath.Join(string(s.dir), "etc", "egress-selector-config.yaml")
	}
}

func (s *settings) datastore(values *config.Values) {
	s.etcd = &datastore.Etcd{
		Dir:       s.dir,
		Program:   programs.Bin("etcd"),
		Utility:   programs.Bin("etcdutl"),
		Name:      s.node.NodeName,
		Address:   s.node.NodeIP,
		Arguments: values.List("etcd-arg"),
	}
	folder := values.String("etcd-snapshot-dir")
	if folder == "" {
		folder = filepath.Join(string(s.dir), "db", "snapshots")
	}
	s.snapshots = &snapshots.Snapshots{
		Etcd:      s.etcd,
		Dir:       folder,
		NodeName:  s.node.NodeName,
		Name:      values.String("etcd-snapshot-name"),
		Retention: values.Int("etcd-snapshot-retention"),
		Cron:      values.String("etcd-snapshot-schedule-cron"),
	}
	if values.Bool("etcd-disable-snapshots") {
		s.snapshots.Cron = ""
	}
	if values.Bool("etcd-s3") {
		timeout, err := time.ParseDuration(values.String("etcd-s3-timeout"))
		if err != nil {
			timeout = 5 * time.Minute
		}
		s.snapshots.S3 = &snapshots.S3{
			Endpoint:   values.String("etcd-s3-endpoint"),
			EndpointCA: values.String("etcd-s3-endpoint-ca"),
			Bucket:     values.String("etcd-s3-bucket"),
			Region:     values.String("etcd-s3-region"),
			Folder:     values.String("etcd-s3-folder"),
			AccessKey:  values.String("etcd-s3-access-key"),
			SecretKey:  values.String("etcd-s3-secret-key"),
			Insecure:   values.Bool("etcd-s3-insecure"),
			SkipVerify: values.Bool("etcd-s3-skip-ssl-verify"),
			Secret:     values.String("etcd-s3-config-secret"),
			Timeout:    timeout,
		}
	}
}

// apiServers are where agents find the API server.
func (s *settings) apiServers() []string {
	return []string{net.JoinHostPort(s.advertise, fmt.Sprint(s.plane.AdvertisePort))}
}

// local is the URL of the supervisor on this machine.
func (s *settings) local() string {
	host := "127.0.0.1"
	if s.address != "" && !strings.HasPrefix(s.address, "0.") {
		host = s.address
	}
	return "https://" + net.JoinHostPort(host, fmt.Sprint(s.port))
}

// indexed is the address at a place of a network.
func indexed(network *net.IPNet, place byte) string {
	address := append(net.IP{}, network.IP...)
	address[len(address)-1] += place
	return address.String()
}
