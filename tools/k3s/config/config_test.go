package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func keys(t *testing.T) Keys {
	t.Helper()
	data, err := os.ReadFile("../../../providers/host/k3s_flags.json")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParseKeys(data)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func written(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, name)
		os.MkdirAll(filepath.Dir(path), 0o700)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "config.yaml")
}

func TestAKeyOfTheFileIsAFlagAndTheCommandLineWins(t *testing.T) {
	path := written(t, map[string]string{"config.yaml": "node-name: a\ntls-san: [x, y]\ncluster-init: true\nhttps-listen-port: 7000\n"})
	values, err := Parse(keys(t).Server, "server", []string{"--config", path, "--node-name", "b", "--tls-san=z"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if values.String("node-name") != "b" || !values.Bool("cluster-init") || values.Int("https-listen-port") != 7000 {
		t.Errorf("read %v", values.given)
	}
	if !slices.Equal(values.List("tls-san"), []string{"x", "y", "z"}) {
		t.Errorf("lists add up, and this is %v", values.List("tls-san"))
	}
	if values.String("cluster-domain") != "cluster.local" || values.Int("lb-server-port") != 6444 {
		t.Error("what is not given has K3s' default")
	}
	want := []string{"server", "--node-name=a", "--tls-san=x", "--tls-san=y", "--cluster-init=true"}
	if !slices.Equal(values.Arguments[:5], want) {
		t.Errorf("the arguments are kept in the file's order: %v", values.Arguments)
	}
}

func TestADropInTakesTheFilesPlaceOrAddsToIt(t *testing.T) {
	path := written(t, map[string]string{
		"config.yaml":              "disable: [traefik]\ntls-san: [x]\nnode-name: a\n",
		"config.yaml.d/10-a.yaml":  "disable+: [servicelb]\ntls-san: [y]\n",
		"config.yaml.d/20-b.yml":   "node-name: b\n",
		"config.yaml.d/ignored.md": "node-name: c\n",
	})
	values, err := Parse(keys(t).Server, "server", []string{"-c", path}, true)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(values.Split("disable"), []string{"traefik", "servicelb"}) {
		t.Errorf("a key with a plus adds, and this is %v", values.Split("disable"))
	}
	if !slices.Equal(values.List("tls-san"), []string{"y"}) || values.String("node-name") != "b" {
		t.Errorf("a later file wins, and this is %v", values.given)
	}
}

func TestAnUnknownKeyEndsAnAgentAndIsLeftOutByAServer(t *testing.T) {
	path := written(t, map[string]string{"config.yaml": "node-nmae: a\n"})
	_, err := Parse(keys(t).Agent, "agent", []string{"-c", path}, false)
	if err == nil || err.Error() != "flag provided but not defined: -node-nmae" {
		t.Errorf("K3s says which flag is not defined; this says %v", err)
	}
	values, err := Parse(keys(t).Server, "server", []string{"-c", path}, true)
	if err != nil || len(values.given) != 1 {
		t.Errorf("K3s warns and goes on; this says %v, %v", err, values)
	}
	if _, err := Parse(keys(t).Server, "server", []string{"-c", path, "--nope"}, true); err == nil {
		t.Error("an unknown argument of the command line is never left out")
	}
}

func TestAServersKeyIsUnknownToAnAgent(t *testing.T) {
	for _, key := range []string{"flannel-backend: vxlan", "secrets-encryption: true", "agent-token-file: /x"} {
		path := written(t, map[string]string{"config.yaml": key + "\n"})
		if _, err := Parse(keys(t).Agent, "agent", []string{"-c", path}, false); err == nil {
			t.Errorf("%s must not be taken by an agent", key)
		}
	}
}

func TestAValueOfAnotherTypeIsRefused(t *testing.T) {
	for _, line := range []string{"cluster-init: maybe", "https-listen-port: high", "etcd-s3-timeout: soon"} {
		path := written(t, map[string]string{"config.yaml": line + "\n"})
		_, err := Parse(keys(t).Server, "server", []string{"-c", path}, true)
		if err == nil || !strings.Contains(err.Error(), "parse error") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestAModeWithoutQuotesBecomesDecimalAsInK3s(t *testing.T) {
	path := written(t, map[string]string{"config.yaml": "write-kubeconfig-mode: 0600\n"})
	values, err := Parse(keys(t).Server, "server", []string{"-c", path}, true)
	if err != nil || values.String("write-kubeconfig-mode") != "384" {
		t.Errorf("0600 without quotes is the number 384, and this is %v, %v", values.String("write-kubeconfig-mode"), err)
	}
}

func TestASecretIsReadFromItsFile(t *testing.T) {
	path := written(t, map[string]string{"config.yaml": "", "token": "word\n"})
	values, err := Parse(keys(t).Server, "server", []string{"-c", path, "--token-file", filepath.Join(filepath.Dir(path), "token")}, true)
	if err != nil {
		t.Fatal(err)
	}
	if secret, err := values.Secret("token"); err != nil || secret != "word" {
		t.Errorf("read %q, %v", secret, err)
	}
}
