// Package manifests makes what K3s packages, and what lies in server/manifests, be in the cluster.
package manifests

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/log"
	"sophia/tools/k3s/manifests/definitions"
)

//go:embed packaged
var packaged embed.FS

const interval = 3 * time.Second

// Stage writes the packaged manifests into the folder, with their placeholders replaced, but for those that are disabled
// or beside which a file with `.skip` behind its name lies.
func Stage(folder string, variables map[string]string, disabled []string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	var pairs []string
	for name, value := range variables {
		pairs = append(pairs, "%{"+name+"}%", value)
	}
	replacer := strings.NewReplacer(pairs...)
	return fs.WalkDir(packaged, "packaged", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		target := filepath.Join(folder, entry.Name())
		_, skipped := os.Stat(target + ".skip")
		if skipped == nil || slices.Contains(disabled, strings.TrimSuffix(entry.Name(), ".yaml")) {
			return nil
		}
		data, err := packaged.ReadFile(path)
		if err != nil {
			return err
		}
		log.Info("Writing manifest: %s", target)
		return os.WriteFile(target, []byte(replacer.Replace(string(data))), 0o600)
	})
}

// Define makes the custom resources that K3s brings.
func Define(ctx context.Context, api *kubeapi.Client) error {
	for _, definition := range definitions.All() {
		name := definition["metadata"].(kubeapi.Object)["name"]
		path := fmt.Sprintf("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/%s", name)
		if err := api.Apply(ctx, path, definition); err != nil {
			return err
		}
	}
	return nil
}

// Follow applies the files of a folder whenever one is new or another, until the context ends. Those of a disabled name are
// taken out of the cluster.
func Follow(ctx context.Context, api *kubeapi.Client, folder string, disabled []string) {
	applied := map[string]string{}
	for {
		wait := interval
		files, err := filepath.Glob(filepath.Join(folder, "*.y*ml"))
		if err != nil {
			log.Error("%v", err)
		}
		// Other parts of K3s wait for their rights.
		slices.SortStableFunc(files, func(a, b string) int { return rank(a) - rank(b) })
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				log.Error("Failed to process config: %v", err)
				continue
			}
			digest := sha256.Sum256(data)
			checksum := hex.EncodeToString(digest[:])
			if applied[file] == checksum {
				continue
			}
			name, _, _ := strings.Cut(filepath.Base(file), ".")
			remove := slices.Contains(disabled, name)
			if err := deploy(ctx, api, file, data, checksum, remove); err != nil {
				log.Error("Failed to process config: failed to process %s: %v", file, err)
				wait = time.Second
				continue
			}
			if remove {
				os.Remove(file)
			}
			applied[file] = checksum
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func rank(file string) int {
	if filepath.Base(file) == "rolebindings.yaml" {
		return 0
	}
	return 1
}

// deploy makes or takes away the objects of one file, and says so in an Addon, as K3s does.
func deploy(ctx context.Context, api *kubeapi.Client, file string, data []byte, checksum string, remove bool) error {
	objects, err := Objects(data)
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	addon := "/apis/k3s.cattle.io/v1/namespaces/kube-system/addons/" + name
	for _, object := range objects {
		path, err := api.Path(ctx, object)
		if err != nil {
			return err
		}
		act := api.Apply
		if remove {
			act = func(ctx context.Context, path string, _ any) error { return api.Delete(ctx, path) }
		}
		if err := act(ctx, path, object); err != nil {
			return err
		}
	}
	if remove {
		log.Info("Deleted manifest %q", file)
		return api.Delete(ctx, addon)
	}
	log.Info("Applied manifest %q", file)
	return api.Apply(ctx, addon, kubeapi.Object{
		"apiVersion": "k3s.cattle.io/v1",
		"kind":       "Addon",
		"metadata":   kubeapi.Object{"name": name, "namespace": "kube-system"},
		"spec":       kubeapi.Object{"source": file, "checksum": checksum},
	})
}

// Objects reads the documents of a file.
func Objects(data []byte) ([]kubeapi.Object, error) {
	var objects []kubeapi.Object
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var object kubeapi.Object
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if object != nil {
			objects = append(objects, object)
		}
	}
}
