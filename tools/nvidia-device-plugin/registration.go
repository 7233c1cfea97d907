package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const (
	kubeletSocket = "kubelet.sock"
	glance        = 500 * time.Millisecond
	patience      = 5 * time.Second
)

// offer keeps the devices offered until the context ends. A kubelet that starts empties the folder of sockets: the
// plugin's own being gone is the sign to come back and to register again.
func (p *plugin) offer(ctx context.Context, folder string) error {
	socket := filepath.Join(folder, "nvidia-gpu.sock")
	defer os.Remove(socket)
	for ctx.Err() == nil {
		if err := p.serveOnce(ctx, folder, socket); err != nil {
			log.Printf("%s is not offered yet: %v", p.resource, err)
			wait(ctx, glance)
		}
	}
	return nil
}

// serveOnce offers the devices until the socket is removed or the context ends.
func (p *plugin) serveOnce(ctx context.Context, folder, socket string) error {
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	api.RegisterDevicePluginServer(server, p)
	go server.Serve(listener) // ends with Stop
	defer server.Stop()
	if err := p.register(ctx, folder, filepath.Base(socket)); err != nil {
		return err
	}
	log.Printf("%d of %s are offered", len(p.devices), p.resource)
	for ctx.Err() == nil {
		if _, err := os.Lstat(socket); err != nil {
			return fmt.Errorf("the kubelet starts anew: %w", err)
		}
		wait(ctx, glance)
	}
	return nil
}

func (p *plugin) register(ctx context.Context, folder, endpoint string) error {
	connection, err := grpc.NewClient("unix:"+filepath.Join(folder, kubeletSocket), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err = api.NewRegistrationClient(connection).Register(soon, &api.RegisterRequest{
		Version:      api.Version,
		Endpoint:     endpoint,
		ResourceName: p.resource,
		Options:      &api.DevicePluginOptions{},
	})
	return err
}

func wait(ctx context.Context, span time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(span):
	}
}
