package main

import (
	"os"
	"path/filepath"
	"testing"

	cadvisorapi "github.com/google/cadvisor/info/v1"
	"k8s.io/kubernetes/pkg/kubelet/cadvisor"
)

// here is a machine with 2 cores and 8 GiB.
type here struct{ cadvisor.Interface }

func (here) MachineInfo() (*cadvisorapi.MachineInfo, error) {
	return &cadvisorapi.MachineInfo{NumCores: 2, MemoryCapacity: 8 << 30, MachineID: "this one"}, nil
}

func reported(t *testing.T, description string) *cadvisorapi.MachineInfo {
	t.Helper()
	path := filepath.Join(t.TempDir(), "machine.json")
	t.Setenv(sizeVariable, path)
	if description != "" {
		if err := os.WriteFile(path, []byte(description), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	size, err := described()
	if err != nil {
		t.Fatal(err)
	}
	machine, err := sized{here{}, size}.MachineInfo()
	if err != nil {
		t.Fatal(err)
	}
	return machine
}

func TestTheDescribedSizeIsReported(t *testing.T) {
	machine := reported(t, `{"architecture": "amd64", "vcpus": 14, "memory_mib": 102400, "gpus": 1}`)
	if machine.NumCores != 14 || machine.MemoryCapacity != 100<<30 || machine.MachineID != "this one" {
		t.Errorf("reported %d cores and %d bytes of %s", machine.NumCores, machine.MemoryCapacity, machine.MachineID)
	}
}

func TestWithoutADescriptionTheRealSizeIsReported(t *testing.T) {
	for _, description := range []string{"", `{"vcpus": 0}`} {
		if machine := reported(t, description); machine.NumCores != 2 || machine.MemoryCapacity != 8<<30 {
			t.Errorf("%q: reported %d cores and %d bytes", description, machine.NumCores, machine.MemoryCapacity)
		}
	}
}

func TestADescriptionThatCannotBeReadIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "machine.json")
	t.Setenv(sizeVariable, path)
	if err := os.WriteFile(path, []byte(`{"vcpus": "many"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := described(); err == nil {
		t.Error("it was taken")
	}
}
