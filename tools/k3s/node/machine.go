package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

// machineFile is the rehearsal's description of the machine, in place of what firmware and drivers would tell.
const machineFile = "/etc/rehearsal/machine.json"

// machine is what the machine is said to be; zero values mean what it really is.
type machine struct {
	Architecture string `json:"architecture"`
	VCPUs        int    `json:"vcpus"`
	MemoryMiB    int64  `json:"memory_mib"`
	DiskGiB      int64  `json:"disk_gib"`
	GPUs         int    `json:"gpus"`
	GPU          string `json:"gpu"`
	Nodes        string `json:"nodes"`
}

// light tells whether the node is an object only: nothing here can run the pods of another architecture.
func (m machine) light() bool {
	return m.Nodes == "light" || m.Architecture != runtime.GOARCH
}

// meshed tells whether a light node is in the mesh: one whose machine alone cannot run pods, beside others that do.
func (m machine) meshed() bool { return m.light() && m.Nodes != "light" }

// ObjectsOnly tells whether no node of the cluster runs a pod: they are light ones by choice.
func ObjectsOnly() bool {
	found, err := readMachine(machineFile)
	return err == nil && found.Nodes == "light"
}

// PlaysItsPods tells whether this machine's node is a light one beside others that run their pods.
func PlaysItsPods() bool {
	found, err := readMachine(machineFile)
	return err == nil && found.meshed()
}

func readMachine(path string) (machine, error) {
	found := machine{Architecture: runtime.GOARCH}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &found)
	}
	if err != nil {
		return found, fmt.Errorf("%s: %w", path, err)
	}
	if found.Architecture == "" {
		found.Architecture = runtime.GOARCH
	}
	return found, nil
}
