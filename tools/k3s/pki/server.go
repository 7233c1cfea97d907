package pki

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sophia/tools/k3s/kubeconfig"
)

// Dir is the folder `server` of K3s' data: the names in it are K3s'.
type Dir string

// TLS returns the path of a file of server/tls.
func (d Dir) TLS(name string) string { return filepath.Join(string(d), "tls", name) }

// Cred returns the path of a file of server/cred.
func (d Dir) Cred(name string) string { return filepath.Join(string(d), "cred", name) }

// Encryption is the file by which the API server encrypts Secrets.
func (d Dir) Encryption() string { return d.Cred("encryption-config.json") }

// Bootstrap are the files that another server, or this one after a restore, cannot make up: by what K3s calls them.
func (d Dir) Bootstrap() map[string]string {
	return map[string]string{
		"ETCDServerCA":       d.TLS("etcd/server-ca.crt"),
		"ETCDServerCAKey":    d.TLS("etcd/server-ca.key"),
		"ETCDPeerCA":         d.TLS("etcd/peer-ca.crt"),
		"ETCDPeerCAKey":      d.TLS("etcd/peer-ca.key"),
		"ServerCA":           d.TLS("server-ca.crt"),
		"ServerCAKey":        d.TLS("server-ca.key"),
		"ClientCA":           d.TLS("client-ca.crt"),
		"ClientCAKey":        d.TLS("client-ca.key"),
		"ServiceKey":         d.TLS("service.key"),
		"PasswdFile":         d.Cred("passwd"),
		"RequestHeaderCA":    d.TLS("request-header-ca.crt"),
		"RequestHeaderCAKey": d.TLS("request-header-ca.key"),
		"IPSECKey":           d.Cred("ipsec.psk"),
		"EncryptionConfig":   d.Encryption(),
		"EncryptionHash":     d.Cred("encryption-state.json"),
	}
}

// RequestHeaderName is whom the API server lets speak for others.
const RequestHeaderName = "system:auth-proxy"

// Settings say what a server's certificates depend on.
type Settings struct {
	// SANs are the addresses and names that the server is reached by.
	SANs []string
	// ClusterDomain is the domain of Services.
	ClusterDomain string
	// APIServer is the URL that the control plane's kubeconfigs name.
	APIServer string
	// Encrypt makes the key of Secrets, with this provider.
	Encrypt  bool
	Provider string
}

// EnsureServer makes what is missing under server/tls and server/cred, and renews what does not live long any more.
func EnsureServer(dir Dir, settings Settings) error {
	for _, step := range []func(Dir, Settings) error{clients, servers, requestHeader, Etcd, keys, encryption} {
		if err := step(dir, settings); err != nil {
			return fmt.Errorf("failed to generate server dependencies: %w", err)
		}
	}
	return nil
}

func clients(dir Dir, settings Settings) error {
	authority, anew, err := EnsureAuthority("k3s-client", dir.TLS("client-ca.crt"), dir.TLS("client-ca.key"))
	if err != nil {
		return err
	}
	if err := noChain(authority, dir.TLS("client-ca.nochain.crt")); err != nil {
		return err
	}
	for _, client := range []struct {
		file, name, group, kubeconfig string
	}{
		{"client-admin", "system:admin", "system:masters", "admin"},
		{"client-supervisor", "system:k3s-supervisor", "system:masters", "supervisor"},
		{"client-controller", "system:kube-controller-manager", "", "controller"},
		{"client-scheduler", "system:kube-scheduler", "", "scheduler"},
		{"client-kube-apiserver", "system:apiserver", "system:masters", "api-server"},
		{"client-kube-proxy", "system:kube-proxy", "", ""},
		{"client-k3s-controller", "system:k3s-controller", "", ""},
		{"client-k3s-cloud-controller", "k3s-cloud-controller-manager", "", "cloud-controller"},
	} {
		leaf := Leaf{Name: client.name, Usages: Client}
		if client.group != "" {
			leaf.Groups = []string{client.group}
		}
		cert, key := dir.TLS(client.file+".crt"), dir.TLS(client.file+".key")
		if _, err := authority.Ensure(leaf, cert, key, anew); err != nil {
			return err
		}
		if client.kubeconfig == "" {
			continue
		}
		path := dir.Cred(client.kubeconfig + ".kubeconfig")
		if err := kubeconfig.Write(path, settings.APIServer, dir.TLS("server-ca.crt"), cert, key); err != nil {
			return err
		}
	}
	_, err = ensureKey(dir.TLS("client-kubelet.key"), anew)
	return err
}

func servers(dir Dir, settings Settings) error {
	authority, anew, err := EnsureAuthority("k3s-server", dir.TLS("server-ca.crt"), dir.TLS("server-ca.key"))
	if err != nil {
		return err
	}
	if err := noChain(authority, dir.TLS("server-ca.nochain.crt")); err != nil {
		return err
	}
	names := []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + settings.ClusterDomain}
	sans := append(names, settings.SANs...)
	for _, server := range []struct{ file, name string }{
		{"serving-kube-apiserver", "kube-apiserver"},
		{"kube-scheduler/kube-scheduler", "kube-scheduler"},
		{"kube-controller-manager/kube-controller-manager", "kube-controller-manager"},
		{"dynamic-cert", "k3s"},
	} {
		leaf := Leaf{Name: server.name, Usages: Server, SANs: sans}
		if _, err := authority.Ensure(leaf, dir.TLS(server.file+".crt"), dir.TLS(server.file+".key"), anew); err != nil {
			return err
		}
	}
	_, err = ensureKey(dir.TLS("serving-kubelet.key"), anew)
	return err
}

func requestHeader(dir Dir, _ Settings) error {
	authority, anew, err := EnsureAuthority("k3s-request-header", dir.TLS("request-header-ca.crt"), dir.TLS("request-header-ca.key"))
	if err != nil {
		return err
	}
	leaf := Leaf{Name: RequestHeaderName, Usages: Client}
	_, err = authority.Ensure(leaf, dir.TLS("client-auth-proxy.crt"), dir.TLS("client-auth-proxy.key"), anew)
	return err
}

// Etcd makes the two authorities of the datastore and their certificates.
func Etcd(dir Dir, settings Settings) error {
	server, anew, err := EnsureAuthority("etcd-server", dir.TLS("etcd/server-ca.crt"), dir.TLS("etcd/server-ca.key"))
	if err != nil {
		return err
	}
	if _, err := server.Ensure(Leaf{Name: "etcd-client", Usages: Client}, dir.TLS("etcd/client.crt"), dir.TLS("etcd/client.key"), anew); err != nil {
		return err
	}
	own := Leaf{Name: "etcd-server", Usages: Both, SANs: settings.SANs}
	if _, err := server.Ensure(own, dir.TLS("etcd/server-client.crt"), dir.TLS("etcd/server-client.key"), anew); err != nil {
		return err
	}
	peer, anew, err := EnsureAuthority("etcd-peer", dir.TLS("etcd/peer-ca.crt"), dir.TLS("etcd/peer-ca.key"))
	if err != nil {
		return err
	}
	between := Leaf{Name: "etcd-peer", Usages: Both, SANs: settings.SANs}
	_, err = peer.Ensure(between, dir.TLS("etcd/peer-server-client.crt"), dir.TLS("etcd/peer-server-client.key"), anew)
	return err
}

// keys are those of service accounts, whose first one signs, and the one of IPsec, which nobody uses and K3s keeps.
func keys(dir Dir, _ Settings) error {
	if _, err := EnsureKey(dir.TLS("service.key")); err != nil {
		return err
	}
	data, err := os.ReadFile(dir.TLS("service.key"))
	if err != nil {
		return err
	}
	if err := write(dir.TLS("service.current.key"), data, 0o600); err != nil {
		return err
	}
	if exists(dir.Cred("ipsec.psk")) {
		return nil
	}
	word := make([]byte, 48)
	rand.Read(word)
	return write(dir.Cred("ipsec.psk"), []byte(hex.EncodeToString(word)+"\n"), 0o600)
}

func encryption(dir Dir, settings Settings) error {
	if !settings.Encrypt || exists(dir.Encryption()) {
		return nil
	}
	kinds := map[string]string{"aescbc": "aescbckey", "secretbox": "secretboxkey"}
	name, known := kinds[settings.Provider]
	if !known {
		return fmt.Errorf("unsupported secrets-encryption-provider %s", settings.Provider)
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	type object map[string]any
	key := object{"name": name, "secret": base64.StdEncoding.EncodeToString(secret)}
	data, err := json.Marshal(object{
		"kind":       "EncryptionConfiguration",
		"apiVersion": "apiserver.config.k8s.io/v1",
		"resources": []object{{
			"resources": []string{"secrets"},
			"providers": []object{{settings.Provider: object{"keys": []object{key}}}, {"identity": object{}}},
		}},
	})
	if err != nil {
		return err
	}
	digest := sha256.Sum256(data)
	state := []byte("start-" + hex.EncodeToString(digest[:]))
	return errors.Join(write(dir.Encryption(), data, 0o600), write(dir.Cred("encryption-state.json"), state, 0o600))
}

// noChain is the one certificate that signs, for programs that do not want those above it.
func noChain(authority *Authority, path string) error {
	return write(path, encode(authority.Certificate), 0o644)
}
