package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// plugin answers the kubelet for one resource; its devices are always healthy.
type plugin struct {
	api.UnimplementedDevicePluginServer
	resource string
	alone    bool
	devices  []*api.Device
}

func newPlugin(resource string, gpus []string, shared sharing) *plugin {
	p := &plugin{resource: resource, alone: shared.alone}
	for _, gpu := range gpus {
		for share := range shared.times {
			p.devices = append(p.devices, &api.Device{ID: fmt.Sprintf("%s::%d", filepath.Base(gpu), share), Health: api.Healthy})
		}
	}
	return p
}

// GetDevicePluginOptions says that nothing has to be done before a container starts.
func (p *plugin) GetDevicePluginOptions(context.Context, *api.Empty) (*api.DevicePluginOptions, error) {
	return &api.DevicePluginOptions{}, nil
}

// ListAndWatch tells the devices once: none comes or goes until the kubelet hangs up.
func (p *plugin) ListAndWatch(_ *api.Empty, stream grpc.ServerStreamingServer[api.ListAndWatchResponse]) error {
	if err := stream.Send(&api.ListAndWatchResponse{Devices: p.devices}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

// Allocate gives each container the variable by which NVIDIA's runtime learns its GPUs.
func (p *plugin) Allocate(_ context.Context, request *api.AllocateRequest) (*api.AllocateResponse, error) {
	answer := &api.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		if asked := len(container.DevicesIds); p.alone && asked > 1 {
			return nil, status.Errorf(codes.InvalidArgument, "%d shares of %s: more than one is not more of a GPU", asked, p.resource)
		}
		var gpus []string
		for _, id := range container.DevicesIds {
			gpu, _, _ := strings.Cut(id, "::")
			gpus = append(gpus, gpu)
		}
		variables := map[string]string{"NVIDIA_VISIBLE_DEVICES": strings.Join(gpus, ",")}
		answer.ContainerResponses = append(answer.ContainerResponses, &api.ContainerAllocateResponse{Envs: variables})
	}
	return answer, nil
}
