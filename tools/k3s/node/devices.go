package node

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"gopkg.in/yaml.v3"
)

const (
	sharingLabel     = "nvidia.com/device-plugin.config"
	sharingConfigMap = "/api/v1/namespaces/kube-system/configmaps/nvidia-device-plugin-config"
	// devicesPeriod is how often it is looked at whether a light node shares its GPUs otherwise.
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
