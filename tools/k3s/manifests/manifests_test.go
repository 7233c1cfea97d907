package manifests

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sophia/tools/k3s/kubeapi"
)

func TestPackagedManifestsAreStagedUnlessDisabledOrSkipped(t *testing.T) {
	folder := t.TempDir()
	os.WriteFile(filepath.Join(folder, "runtimes.yaml.skip"), nil, 0o600)
	variables := map[string]string{
		"CLUSTER_DNS": "10.43.0.10", "CLUSTER_DOMAIN": "cluster.local", "SYSTEM_DEFAULT_REGISTRY": "", "LIGHT_NODES": "fake",
		"DEFAULT_LOCAL_STORAGE_PATH": "/srv/volumes",
	}
	if err := Stage(folder, variables, []string{"rolebindings"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"runtimes.yaml", "rolebindings.yaml"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			t.Errorf("%s must not be written", name)
		}
	}
	for _, name := range []string{"coredns", "local-storage"} {
		data, err := os.ReadFile(filepath.Join(folder, name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "%{") {
			t.Errorf("%s: a placeholder is left", name)
		}
		objects, err := Objects(data)
		if err != nil || len(objects) != 6 {
			t.Errorf("%s is six objects, and this is %d, %v", name, len(objects), err)
		}
	}
}

func TestTheProvisionersConfigurationNamesTheFolderOfVolumes(t *testing.T) {
	folder := t.TempDir()
	if err := Stage(folder, map[string]string{"DEFAULT_LOCAL_STORAGE_PATH": "/srv/volumes"}, nil); err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(filepath.Join(folder, "local-storage.yaml"))
	objects, _ := Objects(data)
	text := objects[len(objects)-1]["data"].(kubeapi.Object)["config.json"].(string)
	var read struct {
		NodePathMap []struct {
			Node  string
			Paths []string
		}
	}
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		t.Fatal(err, text)
	}
	if all := read.NodePathMap; len(all) != 1 || !slices.Equal(all[0].Paths, []string{"/srv/volumes"}) {
		t.Errorf("every node keeps volumes in one folder, and this is %v", all)
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
