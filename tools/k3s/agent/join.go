package agent

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sophia/tools/k3s/kubeconfig"
	"sophia/tools/k3s/log"
	"sophia/tools/k3s/supervisor"
	"sophia/tools/k3s/token"
)

const retry = time.Second

// join gets everything that a node needs from a server: its authority, what the cluster is like, and certificates. It tries
// until it has them, as K3s does, and tells why it has not.
func join(ctx context.Context, s Settings, url string, joining token.Token) (*access, supervisor.AgentConfig, error) {
	a := &access{url: url, token: joining, certFile: s.file("client-kubelet.crt"), keyFile: s.file("client-kubelet.key")}
	var cluster supervisor.AgentConfig
	for {
		authority, err := authorityOf(ctx, url, joining)
		if err == nil {
			a.authority = authority
			break
		}
		log.Error("Failed to validate connection to cluster at %s: %v", s.Server, err)
		if err := pause(ctx); err != nil {
			return nil, cluster, err
		}
	}
	for {
		err := s.fetch(ctx, a, &cluster)
		if err == nil {
			return a, cluster, nil
		}
		if errors.Is(err, errSkew) {
			return nil, cluster, err
		}
		log.Info("Waiting to retrieve agent configuration; server is not ready: %v", err)
		if err := pause(ctx); err != nil {
			return nil, cluster, err
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(retry):
		return nil
	}
}

var errSkew = errors.New("kubelet version must not be newer than kube-apiserver version")

// fetch does one attempt.
func (s Settings) fetch(ctx context.Context, a *access, cluster *supervisor.AgentConfig) error {
	if err := a.get(ctx, "/v1-k3s/config", cluster); err != nil {
		return fmt.Errorf("failed to retrieve configuration from server: %w", err)
	}
	if minor(s.Version) > minor(cluster.Version) {
		return fmt.Errorf("%w: this is %s and the server is %s; upgrade the server first", errSkew, s.Version, cluster.Version)
	}
	for _, name := range []string{"client-ca.crt", "server-ca.crt"} {
		data, err := a.ask(ctx, "GET", "/v1-k3s/"+name, nil, nil, true)
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.file(name), data, 0o600); err != nil {
			return err
		}
	}
	password, err := nodePassword()
	if err != nil {
		return err
	}
	own := map[string]string{
		"k3s-Node-Name":     s.NodeName,
		"k3s-Node-Password": password,
		"k3s-Node-IP":       strings.Join(s.addresses(), ","),
	}
	for _, wish := range []struct {
		name    string
		headers map[string]string
	}{{"serving-kubelet", own}, {"client-kubelet", own}, {"client-kube-proxy", nil}, {"client-k3s-controller", nil}} {
		path := "/v1-k3s/" + wish.name + ".crt"
		if err := a.certificate(ctx, path, s.file(wish.name+".crt"), s.file(wish.name+".key"), wish.headers); err != nil {
			return err
		}
	}
	return s.kubeconfigs(a.url)
}

func (s Settings) kubeconfigs(server string) error {
	for file, client := range map[string]string{
		"kubelet":       "client-kubelet",
		"kubeproxy":     "client-kube-proxy",
		"k3scontroller": "client-k3s-controller",
	} {
		path := s.file(file + ".kubeconfig")
		if err := kubeconfig.Write(path, server, s.file("server-ca.crt"), s.file(client+".crt"), s.file(client+".key")); err != nil {
			return err
		}
	}
	return nil
}

func (s Settings) file(name string) string { return filepath.Join(s.DataDir, "agent", name) }

// addresses are those that the kubelet is reached at.
func (s Settings) addresses() []string {
	if s.ExternalIP == "" {
		return []string{s.NodeIP}
	}
	return []string{s.NodeIP, s.ExternalIP}
}

func passwordFile() string { return supervisor.NodePasswordFile }

// nodePassword returns the word that proves this machine's name, and makes it up at the first join.
func nodePassword() (string, error) {
	data, err := os.ReadFile(passwordFile())
	if err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	random := make([]byte, 16)
	rand.Read(random)
	password := hex.EncodeToString(random)
	if err := os.MkdirAll(filepath.Dir(passwordFile()), 0o755); err != nil {
		return "", err
	}
	return password, os.WriteFile(passwordFile(), []byte(password+"\n"), 0o600)
}

// minor is the second number of a version.
func minor(version string) int {
	var major, minor int
	fmt.Sscanf(version, "v%d.%d", &major, &minor)
	return minor
}
