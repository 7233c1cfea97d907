package node

import (
	"context"
	"encoding/json"
	"path/filepath"
)

const (
	nvidia = "nvidia"
	// gpuFiles are the files that a driver makes, one for each GPU.
	gpuFiles = "/dev/nvidia[0-9]*"
)

// nvidiaSpec is where containerd finds what containers of NVIDIA's runtime begin with.
func (c Config) nvidiaSpec() string { return c.agentDir("etc/containerd/nvidia.json") }

// writeNvidiaSpec writes what containers begin with, as containerd has it by itself, and with it the machine's GPUs.
func writeNvidiaSpec(ctx context.Context, c Config) error {
	preset, err := output(ctx, "", "ctr", "oci", "spec")
	if err != nil {
		return err
	}
	gpus, err := filepath.Glob(gpuFiles)
	if err != nil {
		return err
	}
	text, err := withFiles(preset, gpus)
	if err != nil {
		return err
	}
	return write(c.nvidiaSpec(), text, 0o600)
}

// withFiles returns the specification of a container that sees files of the machine at their own places.
func withFiles(spec string, files []string) (string, error) {
	var read map[string]any
	if err := json.Unmarshal([]byte(spec), &read); err != nil {
		return "", err
	}
	mounts, _ := read["mounts"].([]any)
	for _, file := range files {
		mounts = append(mounts, map[string]any{
			"source": file, "destination": file, "type": "bind", "options": []string{"bind", "ro", "nosuid", "noexec"},
		})
	}
	read["mounts"] = mounts
	text, err := json.Marshal(read)
	return string(text), err
}
