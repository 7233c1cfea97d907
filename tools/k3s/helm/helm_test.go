package helm

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// renderer is a helm that tells what it was asked, and renders what it is given.
func renderer(t *testing.T, text string) (program, asked string) {
	t.Helper()
	folder := t.TempDir()
	program, asked = filepath.Join(folder, "helm"), filepath.Join(folder, "asked")
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" > " + asked + "\nfor a; do case $a in */values-*) cat $a >> " + asked +
		";; esac; done\ncat <<'EOF'\n" + text + "\nEOF\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return program, asked
}

func TestWhatOthersStandOnIsAppliedBeforeThemAndTheRestInItsOrder(t *testing.T) {
	program, _ := renderer(t, strings.Join([]string{
		"{apiVersion: v1, kind: Service, metadata: {name: a}}",
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: b}}",
		"{apiVersion: v1, kind: ServiceAccount, metadata: {name: c}}",
		"{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: d}}",
	}, "\n---\n"))
	c := Controller{Program: program, Charts: "/charts", Version: "v1.36.2+k3s1"}
	found, err := c.render(context.Background(), chart{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, object := range found {
		kinds = append(kinds, object["kind"].(string))
	}
	if got := strings.Join(kinds, " "); got != "ServiceAccount CustomResourceDefinition Service Deployment" {
		t.Errorf("got %s", got)
	}
}

func TestAChartIsRenderedFromTheMachinesOwnFileWithTheValuesOfItsConfigurationLast(t *testing.T) {
	program, asked := renderer(t, "{apiVersion: v1, kind: Service, metadata: {name: a}}")
	var one chart
	one.Metadata.Name, one.Metadata.Namespace = "traefik", "kube-system"
	one.Spec.Chart = "https://%{KUBERNETES_API}%/static/charts/traefik-41.6.0.tgz"
	one.Spec.Set = map[string]any{"global.systemDefaultRegistry": ""}
	c := Controller{Program: program, Charts: "/charts", Version: "v1.36.2+k3s1"}
	if _, err := c.render(context.Background(), one, []string{"own: 1\n", "configured: 2\n"}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(asked)
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	for _, wanted := range []string{"template\ntraefik\n/charts/traefik-41.6.0.tgz\n", "--namespace\nkube-system\n", "--kube-version\nv1.36.2\n", "own: 1\nconfigured: 2\n"} {
		if !strings.Contains(got, wanted) {
			t.Errorf("%q is not in %q", wanted, got)
		}
	}
}

func TestAnotherNamespaceIsTheCharts(t *testing.T) {
	var one chart
	one.Metadata.Namespace = "kube-system"
	if got := namespace(one); got != "kube-system" {
		t.Errorf("got %s", got)
	}
	one.Spec.TargetNamespace = "traefik"
	if got := namespace(one); got != "traefik" {
		t.Errorf("got %s", got)
	}
}

func TestWhatHelmComplainsOfIsInTheError(t *testing.T) {
	program := filepath.Join(t.TempDir(), "helm")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho no such chart >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	c := Controller{Program: program}
	if _, err := c.render(context.Background(), chart{}, nil); err == nil || !strings.Contains(err.Error(), "no such chart") {
		t.Errorf("got %v", err)
	}
}
