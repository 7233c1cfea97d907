// A device plugin without devices: it offers a number of them to the kubelet through the real interface, so that pods
// that ask for them are scheduled, counted and admitted as they would be beside real ones.
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"syscall"
)

func main() {
	resource := flag.String("resource", "nvidia.com/gpu", "extended resource to offer")
	devices := flag.Int("devices", 1, "number of devices")
	folder := flag.String("socket-dir", "/var/lib/kubelet/device-plugins", "where the kubelet has its socket")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := newPlugin(*resource, *devices).offer(ctx, *folder); err != nil {
		log.Fatal(err)
	}
}
