package node

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"gopkg.in/yaml.v3"

	"sophia/tools/k3s/child"
	"sophia/tools/k3s/log"
)

const (
	sharingLabel     = "nvidia.com/device-plugin.config"
	sharingConfigMap = "/api/v1/namespaces/kube-system/configmaps/nvidia-device-plugin-config"
	// registration is where device plugins register.
	registration = kubeletRoot + "/device-plugins/kubelet.sock"
	// devicesPeriod is how often it is looked at whether a node shares its GPUs otherwise.
	devicesPeriod = 2 * time.Second
)

// sharing is what NVIDIA's device plugin reads of its configuration.
type sharing struct {
	Sharing struct {
		TimeSlicing struct {
			Resources []struct {
				Name     string `yaml:"name"`
				Replicas int    `yaml:"replicas"`
			} `yaml:"resources"`
		} `yaml:"timeSlicing"`
	} `yaml:"sharing"`
}

// replicasIn returns how often each GPU is offered under a configuration of NVIDIA's device plugin.
func replicasIn(text string) (int, error) {
	var config sharing
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		return 0, err
	}
	for _, resource := range config.Sharing.TimeSlicing.Resources {
		if resource.Name == gpu && resource.Replicas > 0 {
			return resource.Replicas, nil
		}
	}
	return 1, nil
}

// replicas returns how often each GPU of this node is offered now.
func replicas(ctx context.Context, c Config, api *api) (int, error) {
	var node nodeObject
	if err := api.get(ctx, "/api/v1/nodes/"+url.PathEscape(c.NodeName), &node); err != nil {
		return 0, err
	}
	name := node.Metadata.Labels[sharingLabel]
	if name == "" {
		return 1, nil
	}
	var configs struct {
		Data map[string]string `json:"data"`
	}
	if err := api.get(ctx, sharingConfigMap, &configs); err != nil {
		return 0, fmt.Errorf("label %s=%s: %w", sharingLabel, name, err)
	}
	text, known := configs.Data[name]
	if !known {
		return 0, fmt.Errorf("label %s=%s: ConfigMap nvidia-device-plugin-config has no such configuration", sharingLabel, name)
	}
	return replicasIn(text)
}

// runDevices offers the machine's GPUs to the kubelet, each as often as the node's label says, until the context ends.
// As with NVIDIA's plugin, another configuration restarts it, and one that cannot be read changes nothing.
func runDevices(ctx context.Context, c Config, m machine, api *api) error {
	for {
		if _, err := os.Stat(registration); err == nil {
			break
		}
		if !pause(ctx, 200*time.Millisecond) {
			return nil
		}
	}
	var plugin *child.Child
	stop := func() {}
	defer func() { stop() }()
	offered, complaint := 0, ""
	for {
		times, err := replicas(ctx, c, api)
		switch {
		case err != nil && ctx.Err() == nil && err.Error() != complaint:
			log.Warn("GPUs: %v", err)
			complaint = err.Error()
		case err == nil && times != offered:
			stop()
			if plugin != nil {
				<-plugin.Done()
			}
			running, cancel := context.WithCancel(ctx)
			if plugin, err = startDevices(running, c, m, m.GPUs*times); err != nil {
				cancel()
				return err
			}
			stop, offered, complaint = cancel, times, ""
			log.Info("GPUs: %d of %s, each offered %d times", m.GPUs, m.GPU, times)
		}
		var ended <-chan struct{}
		if plugin != nil {
			ended = plugin.Done()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ended:
			if err := plugin.Wait(); err != nil {
				return err
			}
			return errors.New("the device plugin ended by itself")
		case <-time.After(devicesPeriod):
		}
	}
}

func startDevices(ctx context.Context, c Config, m machine, count int) (*child.Child, error) {
	return child.Start(ctx, child.Spec{
		Name: "device-plugin",
		Path: filepath.Join(c.KubernetesDir, "fake-device-plugin"),
		Args: []string{"--resource=" + gpu, fmt.Sprintf("--devices=%d", count)},
	})
}
