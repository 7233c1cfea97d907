// Package supervisor is what answers on a server's one open port: it joins nodes, keeps tokens, and passes everything
// else on to the API server, saying who asks.
package supervisor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"sophia/tools/k3s/controlplane/flags"
	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/log"
	"sophia/tools/k3s/pki"
	"sophia/tools/k3s/token"
)

const holdLimit = 20 * time.Second

// Settings say what a supervisor serves.
type Settings struct {
	Dir   pki.Dir
	Users *token.Users
	// Address and Port are where it listens; an empty address is all of them.
	Address string
	Port    int
	// APIServer is the URL of the API server on this machine.
	APIServer string
	// NodeName is this machine's own node, whose password is known before the API server answers.
	NodeName string
	// AgentConfig is what agents are told.
	AgentConfig AgentConfig
	// APIServers are the addresses that agents balance over.
	APIServers []string
	// AgentsOwnToken tells that agents have another word than servers.
	AgentsOwnToken bool
	// APIServerArgs give the versions and ciphers of TLS.
	APIServerArgs []string
	// Snapshot serves snapshots of the datastore.
	Snapshot http.Handler
	// Rotated is called with the old and the new word after a rotation.
	Rotated func(ctx context.Context, old, new string) error
}

// AgentConfig is what a server tells its agents of the cluster.
type AgentConfig struct {
	Version           string
	ClusterCIDR       string
	ServiceCIDR       string
	ClusterDNS        string
	ClusterDomain     string
	FlannelBackend    string
	FlannelExternalIP bool
	DisableKubeProxy  bool
	DisableNPC        bool
	EgressMode        string
}

// TunneledPods are the addresses of pods that the API server reaches through tunnels: none in K3s' own mode of egress.
func (a AgentConfig) TunneledPods() netip.Prefix {
	if a.EgressMode != "pod" && a.EgressMode != "cluster" {
		return netip.Prefix{}
	}
	pods, _ := netip.ParsePrefix(a.ClusterCIDR) // the server has checked it
	return pods
}

// Supervisor serves.
type Supervisor struct {
	Settings
	client    *clientAuthority
	proxy     *proxy
	tunnels   *tunnels
	passwords *passwords
	api       atomic.Pointer[kubeapi.Client]
	ready     chan struct{}
}

// New reads the certificates that a supervisor works with.
func New(settings Settings) (*Supervisor, error) {
	client, err := newClientAuthority(settings.Dir.TLS("client-ca.crt"))
	if err != nil {
		return nil, err
	}
	proxy, err := newProxy(settings.Dir, settings.APIServer)
	if err != nil {
		return nil, err
	}
	s := &Supervisor{Settings: settings, client: client, proxy: proxy, ready: make(chan struct{})}
	s.passwords, s.tunnels = &passwords{supervisor: s}, newTunnels(s.nodeOf)
	return s, nil
}

// Ready opens the way to the API server, once.
func (s *Supervisor) Ready(api *kubeapi.Client) {
	s.api.Store(api)
	close(s.ready)
}

// Serve answers until the context ends.
func (s *Supervisor) Serve(ctx context.Context) error {
	config, err := s.tls()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(s.Address, fmt.Sprint(s.Port)))
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           s.handler(),
		TLSConfig:         config,
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          stdlog.New(handshakes{}, "", 0),
	}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *Supervisor) handler() http.Handler {
	agent := func(handler http.HandlerFunc) http.Handler { return s.only(handler, "k3s:agent", "system:nodes") }
	server := func(handler http.HandlerFunc) http.Handler { return s.only(handler, "k3s:server") }
	own := http.NewServeMux()
	own.Handle("/cacerts", s.file("server-ca.crt"))
	own.HandleFunc("/ping", func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Type", "text/plain")
		response.Write([]byte("pong"))
	})
	own.Handle("/v1-k3s/serving-kubelet.crt", agent(s.servingKubelet))
	own.Handle("/v1-k3s/client-kubelet.crt", agent(s.clientKubelet))
	own.Handle("/v1-k3s/client-kube-proxy.crt", agent(s.clientOf("system:kube-proxy")))
	own.Handle("/v1-k3s/client-k3s-controller.crt", agent(s.clientOf("system:k3s-controller")))
	own.Handle("/v1-k3s/client-ca.crt", agent(s.file("client-ca.crt")))
	own.Handle("/v1-k3s/server-ca.crt", agent(s.file("server-ca.crt")))
	own.Handle("/v1-k3s/apiservers", agent(s.answer(func() any { return s.APIServers })))
	own.Handle("/v1-k3s/config", agent(s.answer(func() any { return s.AgentConfig })))
	own.Handle("/v1-k3s/readyz", agent(s.readyz))
	own.Handle("/v1-k3s/connect", s.only(s.tunnels.connect, "system:nodes"))
	own.Handle("/v1-k3s/token", server(s.rotate))
	own.Handle("/v1-k3s/encrypt/status", server(s.encryption))
	own.Handle("/db/snapshot", server(s.Snapshot.ServeHTTP))
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodConnect {
			s.only(s.tunnels.dial, "system:masters").ServeHTTP(response, request)
			return
		}
		if handler, pattern := own.Handler(request); pattern != "" {
			handler.ServeHTTP(response, request)
			return
		}
		asking := s.client.user(request)
		if !s.wait(request.Context(), asking) {
			refuse(response, http.StatusServiceUnavailable, "apiserver not ready")
			return
		}
		s.proxy.pass(response, request, asking)
	})
}

// wait tells whether the API server is ready. The programs of nodes are held until it is: told that it is not, they would
// ask again after pauses that grow, and this machine's node starts together with the API server.
func (s *Supervisor) wait(ctx context.Context, asking user) bool {
	own := []string{"system:kube-proxy", "system:k3s-controller"}
	if slices.Contains(asking.groups, "system:nodes") || slices.Contains(own, asking.name) {
		select {
		case <-s.ready:
		case <-ctx.Done():
		case <-time.After(holdLimit):
		}
	}
	return s.api.Load() != nil
}

func (s *Supervisor) file(name string) http.HandlerFunc {
	return func(response http.ResponseWriter, _ *http.Request) {
		data, err := os.ReadFile(s.Dir.TLS(name))
		if err != nil {
			refuse(response, http.StatusInternalServerError, err.Error())
			return
		}
		response.Header().Set("Content-Type", "text/plain")
		response.Write(data)
	}
}

func (s *Supervisor) answer(value func() any) http.HandlerFunc {
	return func(response http.ResponseWriter, _ *http.Request) { reply(response, value()) }
}

func (s *Supervisor) readyz(response http.ResponseWriter, _ *http.Request) {
	if s.api.Load() == nil {
		refuse(response, http.StatusServiceUnavailable, "runtime core not ready")
		return
	}
	response.Write([]byte("ok"))
}

func (s *Supervisor) tls() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(s.Dir.TLS("dynamic-cert.crt"), s.Dir.TLS("dynamic-cert.key"))
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.RequestClientCert,
		ClientCAs:    s.client.pool,
		MinVersion:   tls.VersionTLS12,
	}
	if flags.Value(s.APIServerArgs, "tls-min-version") == "VersionTLS13" {
		config.MinVersion = tls.VersionTLS13
	}
	if wanted := flags.Value(s.APIServerArgs, "tls-cipher-suites"); wanted != "" {
		names := strings.Split(wanted, ",")
		for _, suite := range tls.CipherSuites() {
			if slices.Contains(names, suite.Name) {
				config.CipherSuites = append(config.CipherSuites, suite.ID)
			}
		}
	}
	return config, nil
}

// reply answers with JSON.
func reply(response http.ResponseWriter, value any) {
	response.Header().Set("Content-Type", "application/json")
	json.NewEncoder(response).Encode(value)
}

var reasons = map[int]string{
	http.StatusBadRequest:          "BadRequest",
	http.StatusUnauthorized:        "Unauthorized",
	http.StatusForbidden:           "Forbidden",
	http.StatusInternalServerError: "InternalError",
	http.StatusServiceUnavailable:  "ServiceUnavailable",
}

// refuse answers as the API server would.
func refuse(response http.ResponseWriter, code int, message string) {
	response.Header().Set("Content-Type", "application/json")
	response.Header().Set("Connection", "close")
	response.WriteHeader(code)
	json.NewEncoder(response).Encode(map[string]any{
		"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure",
		"message": message, "reason": reasons[code], "code": code,
	})
}

// handshakes passes the server's own complaints on: a wrong authority or a wrong clock is seen here first.
type handshakes struct{}

func (handshakes) Write(line []byte) (int, error) {
	log.Info("Cluster-Http-Server %s", strings.TrimSpace(string(line)))
	return len(line), nil
}
