package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"sophia/tools/k3s/child"
	"sophia/tools/k3s/log"
)

const (
	kubeletHealth = "http://127.0.0.1:10248/healthz"
	kubeletRoot   = "/var/lib/kubelet"
	// defaultsFile comes first in kubelet.conf.d, so that whoever puts a file there wins over it.
	defaultsFile = "00-k3s-defaults.conf"
)

// kubeletConfig is what K3s configures a kubelet with.
//
// What differs: control groups of version 1 are accepted, because the kernel that machines share may have them; images
// are never collected as garbage, because none could be pulled again; and no process is put into control groups of its
// own, because systemd has put them there.
func kubeletConfig(c Config, resolvConf string) map[string]any {
	return map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1",
		"kind":       "KubeletConfiguration",
		"address":    "0.0.0.0",
		"authentication": map[string]any{
			"anonymous": map[string]any{"enabled": false},
			"webhook":   map[string]any{"enabled": true, "cacheTTL": "2m0s"},
			"x509":      map[string]any{"clientCAFile": c.ClientCA},
		},
		"authorization": map[string]any{
			"mode":    "Webhook",
			"webhook": map[string]any{"cacheAuthorizedTTL": "5m0s", "cacheUnauthorizedTTL": "30s"},
		},
		"cgroupDriver":                "cgroupfs",
		"failCgroupV1":                false,
		"clusterDNS":                  strings.Split(c.ClusterDNS, ","),
		"clusterDomain":               c.ClusterDomain,
		"containerRuntimeEndpoint":    "unix://" + socket,
		"contentType":                 "application/vnd.kubernetes.protobuf",
		"enforceNodeAllocatable":      []string{},
		"evictionHard":                map[string]string{"imagefs.available": "5%", "nodefs.available": "5%"},
		"evictionMinimumReclaim":      map[string]string{"imagefs.available": "10%", "nodefs.available": "10%"},
		"failSwapOn":                  false,
		"fileCheckFrequency":          "20s",
		"healthzBindAddress":          "127.0.0.1",
		"imageGCHighThresholdPercent": 100,
		"imageGCLowThresholdPercent":  99,
		"logging":                     map[string]any{"format": "text", "verbosity": 0},
		"protectKernelDefaults":       c.ProtectKernelDefaults,
		"resolvConf":                  resolvConf,
		"serializeImagePulls":         false,
		"staticPodPath":               c.agentDir("pod-manifests"),
		"tlsCertFile":                 c.ServingCert,
		"tlsPrivateKeyFile":           c.ServingKey,
	}
}

// kubeletArgs are the flags; whoever gives flags wins over what is set here and over the configuration.
func kubeletArgs(c Config) []string {
	arguments := []string{
		"--cloud-provider=external",
		"--config-dir=" + c.agentDir("etc/kubelet.conf.d"),
		"--hostname-override=" + c.NodeName,
		"--kubeconfig=" + c.KubeletKubeconfig,
		"--node-ip=" + c.NodeIP,
		"--root-dir=" + kubeletRoot,
	}
	if len(c.Labels) > 0 {
		arguments = append(arguments, "--node-labels="+strings.Join(c.Labels, ","))
	}
	if len(c.Taints) > 0 {
		arguments = append(arguments, "--register-with-taints="+strings.Join(c.Taints, ","))
	}
	return append(arguments, dashed(c.KubeletArgs)...)
}

// dashed makes flags of `flag=value`.
func dashed(given []string) []string {
	var flags []string
	for _, one := range given {
		flags = append(flags, "--"+strings.TrimLeft(one, "-"))
	}
	return flags
}

// startKubelet starts it and waits until it says that it is healthy.
func startKubelet(ctx context.Context, c Config) (*child.Child, error) {
	for _, directory := range []string{kubeletRoot, c.agentDir("pod-manifests")} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return nil, err
		}
	}
	resolvConf, err := resolvConfOf(c)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(kubeletConfig(c, resolvConf), "", "  ")
	if err != nil {
		return nil, err
	}
	if err := write(c.agentDir("etc/kubelet.conf.d", defaultsFile), string(text), 0o600); err != nil {
		return nil, err
	}
	arguments := kubeletArgs(c)
	log.Info("Running kubelet %s", strings.Join(arguments, " "))
	kubelet, err := child.Start(ctx, child.Spec{Name: "kubelet", Path: filepath.Join(c.KubernetesDir, "kubelet"), Args: arguments})
	if err != nil {
		return nil, err
	}
	return kubelet, await(ctx, kubelet, "kubelet", func() error { return healthy(ctx, kubeletHealth) })
}

// resolvConfOf returns what pods that ask for the machine's names get: its own file where that names a server which is
// reached from a pod too, else one with a public server, as K3s has it.
func resolvConfOf(c Config) (string, error) {
	if c.ResolvConf != "" {
		return c.ResolvConf, nil
	}
	for _, path := range []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"} {
		content, err := os.ReadFile(path)
		if err == nil && namesServer(string(content)) {
			return path, nil
		}
	}
	path := c.agentDir("etc/resolv.conf")
	return path, write(path, "nameserver 8.8.8.8\n", 0o644)
}

func namesServer(text string) bool {
	found := false
	for _, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		address := net.ParseIP(fields[1])
		if address == nil || !address.IsGlobalUnicast() {
			return false
		}
		found = true
	}
	return found
}

func healthy(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
