package kubeconfig

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestThePeoplesKubeconfigHoldsEverythingAndIsTheirsAlone(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"ca", "cert", "key"} {
		os.WriteFile(filepath.Join(folder, name), []byte(name), 0o600)
	}
	path := filepath.Join(folder, "new", "k3s.yaml")
	write := func(mode string) error {
		return WriteAdmin(path, "https://127.0.0.1:6443", filepath.Join(folder, "ca"), filepath.Join(folder, "cert"), filepath.Join(folder, "key"), mode, "")
	}
	if err := write(""); err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		CurrentContext string `yaml:"current-context"`
		Clusters       []struct {
			Name    string
			Cluster map[string]string
		}
		Users []struct {
			Name string
			User map[string]string
		}
	}
	data, _ := os.ReadFile(path)
	if err := yaml.Unmarshal(data, &parsed); err != nil {
		t.Fatal(err)
	}
	if parsed.CurrentContext != "default" || parsed.Clusters[0].Cluster["server"] != "https://127.0.0.1:6443" {
		t.Errorf("K3s names it default and says 127.0.0.1: %s", data)
	}
	if parsed.Users[0].User["client-key-data"] != base64.StdEncoding.EncodeToString([]byte("key")) {
		t.Errorf("the key is inside: %s", data)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is 0600 when nothing else is said, and this is %v", info.Mode())
	}
	if err := write("0640"); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is what was said, and this is %v", info.Mode())
	}
	if write("9") == nil {
		t.Error("a mode that is no octal number is refused")
	}
}
