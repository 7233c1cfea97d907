package pki

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func made(t *testing.T, dir Dir, sans ...string) Settings {
	t.Helper()
	settings := Settings{
		SANs:          append([]string{"127.0.0.1", "localhost"}, sans...),
		ClusterDomain: "cluster.local",
		APIServer:     "https://127.0.0.1:6444",
		Encrypt:       true,
		Provider:      "aescbc",
	}
	if err := EnsureServer(dir, settings); err != nil {
		t.Fatal(err)
	}
	return settings
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestASecondStartKeepsEverything(t *testing.T) {
	dir := Dir(t.TempDir())
	made(t, dir)
	before := map[string]string{}
	filepath.WalkDir(string(dir), func(path string, entry os.DirEntry, _ error) error {
		if !entry.IsDir() {
			before[path] = read(t, path)
		}
		return nil
	})
	made(t, dir)
	for path, content := range before {
		if read(t, path) != content {
			t.Errorf("%s is another after a second start", path)
		}
	}
	for name, path := range dir.Bootstrap() {
		if _, exists := before[path]; !exists && name != "PasswdFile" {
			t.Errorf("%s is not made: %s", name, path)
		}
	}
}

func TestAnotherNameOfTheServerRenewsItsCertificateAlone(t *testing.T) {
	dir := Dir(t.TempDir())
	made(t, dir)
	serving, admin := read(t, dir.TLS("serving-kube-apiserver.crt")), read(t, dir.TLS("client-admin.crt"))
	authority := read(t, dir.TLS("server-ca.crt"))
	made(t, dir, "198.51.100.7")
	if read(t, dir.TLS("serving-kube-apiserver.crt")) == serving {
		t.Error("the certificate lacks the new address")
	}
	if read(t, dir.TLS("client-admin.crt")) != admin || read(t, dir.TLS("server-ca.crt")) != authority {
		t.Error("what does not hold the address stays")
	}
}

func TestACertificateOfFewDaysIsRenewedAtStart(t *testing.T) {
	dir := Dir(t.TempDir())
	t.Setenv("CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS", "60")
	made(t, dir)
	short := read(t, dir.TLS("client-admin.crt"))
	t.Setenv("CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS", "")
	made(t, dir)
	if read(t, dir.TLS("client-admin.crt")) == short {
		t.Error("60 days are fewer than K3s leaves a certificate")
	}
}

func TestAnAuthorityVerifiesItsServer(t *testing.T) {
	dir := Dir(t.TempDir())
	made(t, dir, "198.51.100.7")
	pair, err := tls.LoadX509KeyPair(dir.TLS("serving-kube-apiserver.crt"), dir.TLS("serving-kube-apiserver.key"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(read(t, dir.TLS("server-ca.crt"))))
	for _, name := range []string{"198.51.100.7", "kubernetes.default.svc.cluster.local", "localhost"} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: pool}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretsAreEncryptedFromTheFirstStart(t *testing.T) {
	dir := Dir(t.TempDir())
	made(t, dir)
	config := read(t, dir.Encryption())
	if !strings.Contains(config, `"aescbc":{"keys":[{"name":"aescbckey"`) || !strings.HasPrefix(read(t, dir.Cred("encryption-state.json")), "start-") {
		t.Errorf("the API server is given %s", config)
	}
	if info, _ := os.Stat(dir.Encryption()); info.Mode().Perm() != 0o600 {
		t.Errorf("only root reads the key, and this is %v", info.Mode())
	}
}
