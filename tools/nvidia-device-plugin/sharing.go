package main

import (
	"fmt"
	"os"

	config "github.com/NVIDIA/k8s-device-plugin/api/config/v1"
	"sigs.k8s.io/yaml"
)

// sharing is how each GPU is offered.
type sharing struct {
	// times is how often.
	times int
	// alone refuses a container that asks for more than one share.
	alone bool
}

// readSharing reads a configuration with NVIDIA's own types; what they do not know is refused, where the plugin itself
// would pass it over.
func readSharing(path string) (sharing, error) {
	none := sharing{times: 1}
	if path == "" {
		return none, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return none, err
	}
	var read config.Config
	if err := yaml.UnmarshalStrict(content, &read); err != nil {
		return none, fmt.Errorf("%s: %w", path, err)
	}
	if read.Version != config.Version {
		return none, fmt.Errorf("%s: version %q, not %q", path, read.Version, config.Version)
	}
	replicated := read.Sharing.ReplicatedResources()
	for _, one := range replicated.Resources {
		if string(one.Name) == resource {
			return sharing{times: one.Replicas, alone: replicated.FailRequestsGreaterThanOne}, nil
		}
	}
	return none, nil
}
