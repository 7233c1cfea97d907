package manifests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPackagedManifestsAreStagedUnlessDisabledOrSkipped(t *testing.T) {
	folder := t.TempDir()
	os.WriteFile(filepath.Join(folder, "runtimes.yaml.skip"), nil, 0o600)
	variables := map[string]string{"CLUSTER_DNS": "10.43.0.10", "CLUSTER_DOMAIN": "cluster.local", "SYSTEM_DEFAULT_REGISTRY": "", "NODES_WITHOUT_DNS": "fake"}
	if err := Stage(folder, variables, []string{"rolebindings"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"runtimes.yaml", "rolebindings.yaml"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			t.Errorf("%s must not be written", name)
		}
	}
	data, err := os.ReadFile(filepath.Join(folder, "coredns.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "%{") {
		t.Error("a placeholder is left")
	}
	objects, err := Objects(data)
	if err != nil || len(objects) != 6 {
		t.Errorf("coredns is six objects, and this is %d, %v", len(objects), err)
	}
}

func TestEveryPackagedDocumentNamesAnObject(t *testing.T) {
	entries, _ := packaged.ReadDir("packaged")
	for _, entry := range entries {
		data, _ := packaged.ReadFile("packaged/" + entry.Name())
		objects, err := Objects(data)
		if err != nil {
			t.Fatal(entry.Name(), err)
		}
		for _, object := range objects {
			if object["apiVersion"] == nil || object["kind"] == nil || object["metadata"] == nil {
				t.Errorf("%s holds %v", entry.Name(), object)
			}
		}
	}
}
