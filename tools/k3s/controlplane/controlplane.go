// Package controlplane runs the real API server, controller-manager and scheduler with the flags that K3s gives them.
package controlplane

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sophia/tools/k3s/child"
	"sophia/tools/k3s/controlplane/flags"
	"sophia/tools/k3s/datastore"
	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/log"
	"sophia/tools/k3s/pki"
)

// Settings say how to run a control plane.
type Settings struct {
	Dir pki.Dir
	// Programs is the folder of kube-apiserver and the others.
	Programs string

	APIServerPort    int
	AdvertiseAddress string
	AdvertisePort    int
	ClusterCIDR      string
	ServiceCIDR      string
	NodePorts        string
	ClusterDomain    string
	// ExternalFirst makes the API server reach kubelets at their external addresses.
	ExternalFirst bool
	Encrypt       bool
	// Egress is the file that sends the API server's calls into the cluster through the supervisor, or empty.
	Egress string

	APIServerArgs, ControllerArgs, SchedulerArgs []string
	DisableScheduler, DisableControllerManager   bool
	// NoWebhooks leaves the admission webhooks out: where no pod runs, none would answer.
	NoWebhooks bool
	// Debug passes on everything that the programs say.
	Debug bool
}

// TLSCipherSuites are K3s' own where the operator names none.
const TLSCipherSuites = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384," +
	"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256," +
	"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305"

// StartAPIServer runs the API server until the context ends.
func (s Settings) StartAPIServer(ctx context.Context) (*child.Child, error) {
	dir := s.Dir
	if err := os.MkdirAll(dir.TLS("temporary-certs"), 0o700); err != nil {
		return nil, err
	}
	issuer := "https://kubernetes.default.svc." + s.ClusterDomain
	addresses := "InternalIP,ExternalIP,Hostname"
	if s.ExternalFirst {
		addresses = "ExternalIP,InternalIP,Hostname"
	}
	own := map[string]string{
		"etcd-servers":                     datastore.Client,
		"etcd-cafile":                      dir.TLS("etcd/server-ca.crt"),
		"etcd-certfile":                    dir.TLS("etcd/client.crt"),
		"etcd-keyfile":                     dir.TLS("etcd/client.key"),
		"storage-backend":                  "etcd3",
		"cert-dir":                         dir.TLS("temporary-certs"),
		"allow-privileged":                 "true",
		"enable-bootstrap-token-auth":      "true",
		"service-account-signing-key-file": dir.TLS("service.current.key"),
		"service-account-key-file":         dir.TLS("service.key"),
		"service-account-issuer":           issuer,
		"api-audiences":                    issuer + ",k3s",
		"service-cluster-ip-range":         s.ServiceCIDR,
		"service-node-port-range":          s.NodePorts,
		// K3s' own Kubernetes has a flag for the port that is advertised; the real one would advertise its loopback port.
		"endpoint-reconciler-type":           "none",
		"secure-port":                        strconv.Itoa(s.APIServerPort),
		"bind-address":                       "127.0.0.1",
		"tls-cert-file":                      dir.TLS("serving-kube-apiserver.crt"),
		"tls-private-key-file":               dir.TLS("serving-kube-apiserver.key"),
		"tls-cipher-suites":                  TLSCipherSuites,
		"kubelet-certificate-authority":      dir.TLS("server-ca.crt"),
		"kubelet-client-certificate":         dir.TLS("client-kube-apiserver.crt"),
		"kubelet-client-key":                 dir.TLS("client-kube-apiserver.key"),
		"kubelet-preferred-address-types":    addresses,
		"requestheader-client-ca-file":       dir.TLS("request-header-ca.crt"),
		"requestheader-allowed-names":        pki.RequestHeaderName,
		"requestheader-username-headers":     "X-Remote-User",
		"requestheader-group-headers":        "X-Remote-Group",
		"requestheader-extra-headers-prefix": "X-Remote-Extra-",
		"proxy-client-cert-file":             dir.TLS("client-auth-proxy.crt"),
		"proxy-client-key-file":              dir.TLS("client-auth-proxy.key"),
		"client-ca-file":                     dir.TLS("client-ca.crt"),
		"enable-admission-plugins":           "NodeRestriction",
		"profiling":                          "false",
	}
	if s.NoWebhooks {
		own["disable-admission-plugins"] = "MutatingAdmissionWebhook,ValidatingAdmissionWebhook"
	}
	if flags.Value(s.APIServerArgs, "authorization-config") == "" {
		own["authorization-mode"] = "Node,RBAC"
	}
	if flags.Value(s.APIServerArgs, "authentication-config") == "" {
		own["anonymous-auth"] = "false"
	}
	if s.AdvertiseAddress != "" {
		own["advertise-address"] = s.AdvertiseAddress
	}
	if s.Egress != "" {
		own["egress-selector-config-file"] = s.Egress
		own["enable-aggregator-routing"] = "true"
	}
	if s.Encrypt {
		own["encryption-provider-config"] = dir.Encryption()
		own["encryption-provider-config-automatic-reload"] = "true"
	}
	return s.start(ctx, "kube-apiserver", own, s.APIServerArgs)
}

// StartControllerManager runs the controller-manager until the context ends.
func (s Settings) StartControllerManager(ctx context.Context) (*child.Child, error) {
	dir := s.Dir
	own := component(dir, "kube-controller-manager", "controller", "10257")
	maps.Copy(own, map[string]string{
		"controllers":                                     "*,tokencleaner,-service,-route,-cloud-node-lifecycle",
		"configure-cloud-routes":                          "false",
		"service-account-private-key-file":                dir.TLS("service.current.key"),
		"allocate-node-cidrs":                             "true",
		"cluster-cidr":                                    s.ClusterCIDR,
		"service-cluster-ip-range":                        s.ServiceCIDR,
		"root-ca-file":                                    dir.TLS("server-ca.crt"),
		"use-service-account-credentials":                 "true",
		"cluster-signing-kube-apiserver-client-cert-file": dir.TLS("client-ca.nochain.crt"),
		"cluster-signing-kube-apiserver-client-key-file":  dir.TLS("client-ca.key"),
		"cluster-signing-kubelet-client-cert-file":        dir.TLS("client-ca.nochain.crt"),
		"cluster-signing-kubelet-client-key-file":         dir.TLS("client-ca.key"),
		"cluster-signing-kubelet-serving-cert-file":       dir.TLS("server-ca.nochain.crt"),
		"cluster-signing-kubelet-serving-key-file":        dir.TLS("server-ca.key"),
		"cluster-signing-legacy-unknown-cert-file":        dir.TLS("server-ca.nochain.crt"),
		"cluster-signing-legacy-unknown-key-file":         dir.TLS("server-ca.key"),
		// Replica floors are reached in seconds, not in the usual quarter of a minute.
		"horizontal-pod-autoscaler-sync-period": "2s",
	})
	return s.start(ctx, "kube-controller-manager", own, s.ControllerArgs)
}

// StartScheduler runs the scheduler until the context ends.
func (s Settings) StartScheduler(ctx context.Context) (*child.Child, error) {
	return s.start(ctx, "kube-scheduler", component(s.Dir, "kube-scheduler", "scheduler", "10259"), s.SchedulerArgs)
}

// component is what the controller-manager and the scheduler have in common.
func component(dir pki.Dir, name, credential, port string) map[string]string {
	kubeconfig := dir.Cred(credential + ".kubeconfig")
	return map[string]string{
		"kubeconfig":                kubeconfig,
		"authentication-kubeconfig": kubeconfig,
		"authorization-kubeconfig":  kubeconfig,
		"bind-address":              "127.0.0.1",
		"secure-port":               port,
		"tls-cert-file":             dir.TLS(filepath.Join(name, name+".crt")),
		"tls-private-key-file":      dir.TLS(filepath.Join(name, name+".key")),
		"profiling":                 "false",
		// One server: nobody else could lead, and a lease of the last run would have to be waited for.
		"leader-elect": "false",
		// The default of 20 requests a second would make a fleet's readiness wait for the client, not for the work.
		"kube-api-qps":   "200",
		"kube-api-burst": "400",
	}
}

func (s Settings) start(ctx context.Context, name string, own map[string]string, extra []string) (*child.Child, error) {
	spec := child.Spec{Name: name, Path: filepath.Join(s.Programs, name), Args: flags.Merge(own, extra), Errors: !s.Debug}
	return child.Start(ctx, spec)
}

// WaitReady returns when the API server says that it is ready, or is gone.
func WaitReady(ctx context.Context, api *kubeapi.Client, server *child.Child) error {
	var last error
	told := time.Now()
	for {
		var answer string
		if last = api.Get(ctx, "/readyz", &answer); last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; the API server says: %w", ctx.Err(), last)
		case <-server.Done():
			return server.Wait()
		case <-time.After(50 * time.Millisecond):
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			log.Info("Waiting for API server to become available: %v", last)
		}
	}
}

// Endpoint is the URL of the API server on this machine.
func (s Settings) Endpoint() string { return "https://127.0.0.1:" + strconv.Itoa(s.APIServerPort) }

// NoProxy keeps the proxies of the environment out of the cluster's own connections.
func NoProxy(networks ...string) {
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		os.Setenv(name, strings.Join(append([]string{os.Getenv(name), "127.0.0.1", ".svc", ".cluster.local"}, networks...), ","))
	}
}
