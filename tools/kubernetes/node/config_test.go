package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
)

const head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"

func loaded(t *testing.T, file string, dropIns map[string]string, arguments ...string) *kubeletconfig.KubeletConfiguration {
	t.Helper()
	folder := t.TempDir()
	place := filepath.Join(folder, "drop-ins")
	if err := os.Mkdir(place, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range dropIns {
		write(t, filepath.Join(place, name), text)
	}
	if file != "" {
		write(t, filepath.Join(folder, "config.yaml"), file)
		arguments = append(arguments, "--config="+filepath.Join(folder, "config.yaml"))
	}
	if dropIns != nil {
		arguments = append(arguments, "--config-dir="+place)
	}
	flags := options.NewKubeletFlags()
	config, err := options.NewKubeletConfiguration()
	if err != nil {
		t.Fatal(err)
	}
	set := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	flags.AddFlags(set)
	options.AddKubeletConfigFlags(set, config)
	if err := set.Parse(arguments); err != nil {
		t.Fatal(err)
	}
	if config, err = configuration(t.Context(), flags, config, arguments); err != nil {
		t.Fatal(err)
	}
	return config
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(head+text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheLastOfFileDropInsAndFlagsWins(t *testing.T) {
	file := "maxPods: 1\npodPidsLimit: 1\nport: 1\nhealthzPort: 1\n"
	dropIns := map[string]string{
		"10-a.conf": "podPidsLimit: 2\nport: 2\nhealthzPort: 2\n",
		"20-b.conf": "port: 3\nhealthzPort: 3\n",
		"30-c.yaml": "port: 9\n",
	}
	config := loaded(t, file, dropIns, "--healthz-port=4", "--node-labels=a=b")
	if config.MaxPods != 1 || config.PodPidsLimit != 2 || config.Port != 3 || config.HealthzPort != 4 {
		t.Errorf("%d %d %d %d", config.MaxPods, config.PodPidsLimit, config.Port, config.HealthzPort)
	}
}

func TestFeatureGatesOfFilesAndFlagsAddUp(t *testing.T) {
	gates := loaded(t, "featureGates: {AllAlpha: false}\n", nil, "--feature-gates=AllBeta=true").FeatureGates
	if value, set := gates["AllAlpha"]; !set || value || !gates["AllBeta"] {
		t.Errorf("%v", gates)
	}
}

func TestWithoutFilesTheFlagsAreAll(t *testing.T) {
	if config := loaded(t, "", nil, "--max-pods=7"); config.MaxPods != 7 || config.Port != 10250 {
		t.Errorf("%d %d", config.MaxPods, config.Port)
	}
}

func TestEvictionHasItsDefaultsWhereFilesSayNothingOfIt(t *testing.T) {
	if config := loaded(t, "maxPods: 1\n", nil); config.EvictionHard["memory.available"] == "" {
		t.Errorf("%v", config.EvictionHard)
	}
}
