// A stand-in for NVIDIA's device plugin on machines without a driver: it reads the plugin's own configuration, and offers
// to the kubelet through the real interface as many shares of as many GPUs, so that pods that ask for them are scheduled,
// counted and admitted as they would be beside real ones.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

const (
	resource = "nvidia.com/gpu"
	folder   = "/var/lib/kubelet/device-plugins"
	// gpus are the devices that the NVIDIA runtime brings into a container.
	gpus = "/dev/nvidia[0-9]*"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	shared, err := readSharing(os.Getenv("CONFIG_FILE"))
	if err != nil {
		return err
	}
	found, err := filepath.Glob(gpus)
	if err != nil {
		return err
	}
	return newPlugin(resource, found, shared).offer(ctx, folder)
}
