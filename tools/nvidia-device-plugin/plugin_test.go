package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// kubelet is the side that plugins register at.
type kubelet struct {
	api.UnimplementedRegistrationServer
	registered chan *api.RegisterRequest
}

func (k *kubelet) Register(_ context.Context, request *api.RegisterRequest) (*api.Empty, error) {
	k.registered <- request
	return &api.Empty{}, nil
}

// offered is a plugin that registered at a kubelet, and the folder of their sockets.
func offered(t *testing.T, shared sharing) (string, *kubelet, *api.RegisterRequest) {
	t.Helper()
	folder, err := os.MkdirTemp("", "plugin") // short: a socket's path has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	listener, err := net.Listen("unix", filepath.Join(folder, kubeletSocket))
	if err != nil {
		t.Fatal(err)
	}
	k := &kubelet{registered: make(chan *api.RegisterRequest, 4)}
	server := grpc.NewServer()
	api.RegisterRegistrationServer(server, k)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- newPlugin(resource, []string{"/dev/nvidia0", "/dev/nvidia1"}, shared).offer(ctx, folder)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the end is not clean: %v", err)
		}
	})
	return folder, k, registration(t, k)
}

func registration(t *testing.T, k *kubelet) *api.RegisterRequest {
	t.Helper()
	select {
	case request := <-k.registered:
		return request
	case <-time.After(30 * time.Second):
		t.Fatal("nobody registered within 30 s")
		return nil
	}
}

func client(t *testing.T, socket string) api.DevicePluginClient {
	t.Helper()
	connection, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return api.NewDevicePluginClient(connection)
}

func TestTheKubeletLearnsOfEveryShare(t *testing.T) {
	folder, _, request := offered(t, sharing{times: 2})
	if request.ResourceName != "nvidia.com/gpu" || request.Version != "v1beta1" {
		t.Errorf("registered as %s of %s", request.ResourceName, request.Version)
	}
	watch, err := client(t, filepath.Join(folder, request.Endpoint)).ListAndWatch(t.Context(), &api.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	told, err := watch.Recv()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, device := range told.Devices {
		names[device.ID] = device.Health == api.Healthy
	}
	if len(names) != 4 || !names["nvidia0::0"] || !names["nvidia1::1"] {
		t.Errorf("offered %v", names)
	}
}

func asking(ids ...string) *api.AllocateRequest {
	return &api.AllocateRequest{ContainerRequests: []*api.ContainerAllocateRequest{{DevicesIds: ids}}}
}

func TestAContainerLearnsOfItsGPUs(t *testing.T) {
	folder, _, request := offered(t, sharing{times: 1})
	answer, err := client(t, filepath.Join(folder, request.Endpoint)).Allocate(t.Context(), asking("nvidia1::0", "nvidia0::0"))
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.ContainerResponses) != 1 || answer.ContainerResponses[0].Envs["NVIDIA_VISIBLE_DEVICES"] != "nvidia1,nvidia0" {
		t.Errorf("answered %v", answer)
	}
}

func TestMoreThanOneShareIsRefusedWhereTheConfigurationSaysSo(t *testing.T) {
	folder, _, request := offered(t, sharing{times: 4, alone: true})
	plugin := client(t, filepath.Join(folder, request.Endpoint))
	if _, err := plugin.Allocate(t.Context(), asking("nvidia0::0")); err != nil {
		t.Error(err)
	}
	if _, err := plugin.Allocate(t.Context(), asking("nvidia0::0", "nvidia0::1")); status.Code(err) != codes.InvalidArgument {
		t.Errorf("two shares: %v", err)
	}
}

func TestAKubeletThatStartsAnewLearnsAgain(t *testing.T) {
	folder, k, request := offered(t, sharing{times: 1})
	if err := os.Remove(filepath.Join(folder, request.Endpoint)); err != nil {
		t.Fatal(err)
	}
	if again := registration(t, k); again.Endpoint != request.Endpoint {
		t.Errorf("registered again at %s", again.Endpoint)
	}
}
