package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	cadvisorapi "github.com/google/cadvisor/info/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/kubelet/cadvisor"
	"k8s.io/kubernetes/pkg/kubelet/cm"
)

const (
	sizeVariable = "KUBELET_MACHINE"
	sizeFile     = "/etc/rehearsal/machine.json"
	mebibyte     = 1 << 20
)

// size is the part of a machine's description that the kubelet reports; zero means what is really there.
type size struct {
	VCPUs     int    `json:"vcpus"`
	MemoryMiB uint64 `json:"memory_mib"`
}

// sized measures as cAdvisor does, and says that the machine has another size.
type sized struct {
	cadvisor.Interface
	size size
}

// MachineInfo is the real machine with the cores and the memory of the described one.
func (s sized) MachineInfo() (*cadvisorapi.MachineInfo, error) {
	here, err := s.Interface.MachineInfo()
	if err != nil {
		return nil, err
	}
	machine := *here
	if s.size.VCPUs > 0 {
		machine.NumCores = s.size.VCPUs
	}
	if s.size.MemoryMiB > 0 {
		machine.MemoryCapacity = s.size.MemoryMiB * mebibyte
	}
	return &machine, nil
}

// measuredAs is the kubelet's view of the machine, with the size that the file named by KUBELET_MACHINE describes, or
// /etc/rehearsal/machine.json; without the file it is the real size.
func measuredAs(ctx context.Context, server *options.KubeletServer) (cadvisor.Interface, error) {
	size, err := described()
	if err != nil {
		return nil, err
	}
	here, err := cadvisor.New(
		klog.FromContext(ctx),
		cadvisor.NewImageFsInfoProvider(server.ContainerRuntimeEndpoint),
		server.RootDirectory,
		[]string{cm.NodeAllocatableRoot(server.CgroupRoot, server.CgroupsPerQOS, server.CgroupDriver)},
		cadvisor.UsingLegacyCadvisorStats(server.ContainerRuntimeEndpoint),
		server.LocalStorageCapacityIsolation,
	)
	if err != nil {
		return nil, fmt.Errorf("cAdvisor: %w", err)
	}
	return sized{here, size}, nil
}

func described() (size, error) {
	path := os.Getenv(sizeVariable)
	if path == "" {
		path = sizeFile
	}
	var found size
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &found)
	}
	if err != nil {
		return found, fmt.Errorf("size of the machine in %s: %w", path, err)
	}
	return found, nil
}
