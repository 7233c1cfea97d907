// Package helm makes the charts that K3s packages be in the cluster, with what a HelmChartConfig says of them.
//
// K3s' Helm controller starts a Job that runs helm for each HelmChart. Here helm renders the chart on the server, and what it
// gives is applied; releases, hooks and rollbacks are not kept. Charts are those that the machine brings, no others.
package helm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/log"
	"sophia/tools/k3s/manifests"
)

const (
	interval  = 2 * time.Second
	finalizer = "wrangler.cattle.io/on-helm-chart-remove"
	// objects is the annotation of a HelmChart that holds the paths of what was made of it.
	objects = "rehearsal/objects"
)

type chart struct {
	Metadata struct {
		Name, Namespace   string
		Annotations       map[string]string
		Finalizers        []string
		DeletionTimestamp string
	}
	Spec struct {
		Chart, TargetNamespace, ValuesContent string
		Set                                   map[string]any
	}
}

type config struct {
	Metadata struct{ Name, Namespace string }
	Spec     struct{ ValuesContent string }
}

// Controller follows HelmCharts.
type Controller struct {
	API *kubeapi.Client
	// Program is helm, and Charts the folder of packed charts.
	Program, Charts string
	// Version is the cluster's, such as v1.36.2+k3s1.
	Version string

	applied map[string]string
}

// Run follows them until the context ends.
func (c *Controller) Run(ctx context.Context) {
	c.applied = map[string]string{}
	kubeapi.Follow(ctx, "HelmCharts", interval, c.once)
}

func (c *Controller) once(ctx context.Context) error {
	var charts struct{ Items []chart }
	if err := c.API.Get(ctx, "/apis/helm.cattle.io/v1/helmcharts", &charts); err != nil {
		return err
	}
	var configs struct{ Items []config }
	if err := c.API.Get(ctx, "/apis/helm.cattle.io/v1/helmchartconfigs", &configs); err != nil {
		return err
	}
	for _, one := range charts.Items {
		act := c.install
		if one.Metadata.DeletionTimestamp != "" {
			act = c.uninstall
		}
		if err := act(ctx, one, configs.Items); err != nil {
			return fmt.Errorf("%s: %w", one.Metadata.Name, err)
		}
	}
	return nil
}

func (c *Controller) install(ctx context.Context, one chart, configs []config) error {
	content := []string{one.Spec.ValuesContent}
	for _, config := range configs {
		if config.Metadata == (struct{ Name, Namespace string }{one.Metadata.Name, one.Metadata.Namespace}) {
			content = append(content, config.Spec.ValuesContent)
		}
	}
	set, _ := json.Marshal(one.Spec.Set)
	digest := sha256.Sum256([]byte(strings.Join(append(content, one.Spec.Chart, string(set)), "\x00")))
	key, state := one.Metadata.Namespace+"/"+one.Metadata.Name, hex.EncodeToString(digest[:])
	if c.applied[key] == state {
		return nil
	}
	rendered, err := c.render(ctx, one, content)
	if err != nil {
		return err
	}
	made, err := c.apply(ctx, one, rendered)
	if err != nil {
		return err
	}
	for _, path := range strings.Fields(one.Metadata.Annotations[objects]) {
		if !slices.Contains(made, path) {
			if err := c.API.Delete(ctx, path); err != nil {
				return err
			}
		}
	}
	change := kubeapi.Object{"metadata": kubeapi.Object{
		"annotations": kubeapi.Object{objects: strings.Join(made, " ")}, "finalizers": []string{finalizer},
	}}
	if err := c.API.Merge(ctx, self(one), change); err != nil {
		return err
	}
	c.applied[key] = state
	log.Info("Installed HelmChart %s: %d objects", key, len(made))
	return nil
}

func (c *Controller) uninstall(ctx context.Context, one chart, _ []config) error {
	made := strings.Fields(one.Metadata.Annotations[objects])
	slices.Reverse(made)
	for _, path := range made {
		if err := c.API.Delete(ctx, path); err != nil {
			return err
		}
	}
	delete(c.applied, one.Metadata.Namespace+"/"+one.Metadata.Name)
	if !slices.Contains(one.Metadata.Finalizers, finalizer) {
		return nil
	}
	return c.API.Merge(ctx, self(one), kubeapi.Object{"metadata": kubeapi.Object{"finalizers": []string{}}})
}

func self(one chart) string {
	return fmt.Sprintf("/apis/helm.cattle.io/v1/namespaces/%s/helmcharts/%s", one.Metadata.Namespace, one.Metadata.Name)
}

// render returns the chart's objects, definitions of resources first.
func (c *Controller) render(ctx context.Context, one chart, content []string) ([]kubeapi.Object, error) {
	folder, err := os.MkdirTemp("", "helm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	packed := filepath.Join(c.Charts, path.Base(one.Spec.Chart))
	version, _, _ := strings.Cut(c.Version, "+")
	arguments := []string{"template", one.Metadata.Name, packed, "--include-crds", "--namespace", namespace(one), "--kube-version", version}
	for index, text := range content {
		file := filepath.Join(folder, fmt.Sprintf("values-%d.yaml", index))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
		arguments = append(arguments, "--values", file)
	}
	for name, value := range one.Spec.Set {
		arguments = append(arguments, "--set", fmt.Sprintf("%s=%v", name, value))
	}
	command := exec.CommandContext(ctx, c.Program, arguments...)
	command.Env = append(os.Environ(), "HELM_CACHE_HOME="+folder, "HELM_CONFIG_HOME="+folder, "HELM_DATA_HOME="+folder)
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("helm: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	found, err := manifests.Objects(out.Bytes())
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b kubeapi.Object) int { return rank(a) - rank(b) })
	return found, nil
}

// rank puts what others stand on before them.
func rank(object kubeapi.Object) int {
	switch object["kind"] {
	case "CustomResourceDefinition", "Namespace", "ServiceAccount":
		return 0
	}
	return 1
}

func namespace(one chart) string {
	if one.Spec.TargetNamespace != "" {
		return one.Spec.TargetNamespace
	}
	return one.Metadata.Namespace
}

func (c *Controller) apply(ctx context.Context, one chart, found []kubeapi.Object) ([]string, error) {
	var made []string
	for _, object := range found {
		path, err := c.API.Path(ctx, object)
		if err != nil {
			return nil, err
		}
		if err := c.API.Apply(ctx, path, object); err != nil {
			return nil, err
		}
		made = append(made, path)
	}
	return made, nil
}
