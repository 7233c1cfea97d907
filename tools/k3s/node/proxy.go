package node

import (
	"context"
	"path/filepath"
	"strings"

	"sophia/tools/k3s/child"
	"sophia/tools/k3s/log"
)

// proxyArgs are kube-proxy's flags.
//
// What differs from K3s: rules are made with nftables, because the host's own are; and sizes of the table of connections
// stay as they are, because a network namespace cannot change them.
func proxyArgs(c Config) []string {
	return append([]string{
		"--cluster-cidr=" + c.ClusterCIDR,
		"--conntrack-max-per-core=0",
		"--conntrack-min=0",
		"--conntrack-tcp-timeout-close-wait=0s",
		"--conntrack-tcp-timeout-established=0s",
		"--healthz-bind-address=127.0.0.1",
		"--hostname-override=" + c.NodeName,
		"--kubeconfig=" + c.KubeProxyKubeconfig,
		"--metrics-bind-address=127.0.0.1:10249",
		"--proxy-mode=nftables",
	}, dashed(c.KubeProxyArgs)...)
}

func startProxy(ctx context.Context, c Config) (*child.Child, error) {
	arguments := proxyArgs(c)
	log.Info("Running kube-proxy %s", strings.Join(arguments, " "))
	return child.Start(ctx, child.Spec{Name: "kube-proxy", Path: filepath.Join(c.KubernetesDir, "kube-proxy"), Args: arguments})
}
