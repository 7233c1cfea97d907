package node

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sophia/tools/k3s/log"
)

const (
	// LightNodes selects light nodes by label.
	LightNodes = fakeNode + "=fake"

	// fakeNode is the label, and the annotation, of nodes that kwok keeps.
	fakeNode  = "kwok.x-k8s.io/node"
	gpu       = "nvidia.com/gpu"
	podsLimit = "110"
	// lastWord is the time to say that nobody keeps the node any more.
	lastWord = 3 * time.Second
)

// runLight registers a node that is an object only, of the machine's size, and lets kwok keep it while this runs.
//
// kwok sees a node by its label, so the node gets it last: one without a size would be given a thousand cores.
func runLight(ctx context.Context, c Config, m machine, controller *api) error {
	kubelet, err := newAPI(c.KubeletKubeconfig)
	if err != nil {
		return err
	}
	path := "/api/v1/nodes/" + c.NodeName
	for {
		if err = register(ctx, kubelet, c, m); err == nil {
			break
		}
		log.Warn("Node %s cannot be registered: %v", c.NodeName, err)
		if isCode(err, http.StatusUnprocessableEntity) || !pause(ctx, retryPause) {
			return err
		}
	}
	log.Info("Node %s is registered as a light one: its pods are said to run, and do not", c.NodeName)
	if c.Ready != nil {
		c.Ready()
	}
	defer func() {
		// As a kubelet that has ended: nobody says any more that the node is alive.
		last, cancel := context.WithTimeout(context.Background(), lastWord)
		defer cancel()
		if err := kubelet.patch(last, path, mergePatch, labels(map[string]any{fakeNode: nil})); err != nil {
			log.Warn("Node %s stays kept: %v", c.NodeName, err)
		}
	}()
	if m.GPUs > 0 {
		go shareLight(ctx, c, m, kubelet, controller)
	}
	if m.meshed() && c.FlannelBackend != "none" {
		ended := make(chan struct{})
		defer func() { <-ended }()
		go func() {
			defer close(ended)
			if err := runMesh(ctx, c, controller); err != nil {
				log.Warn("Light node %s is not in the mesh: %v", c.NodeName, err)
			}
		}()
	}
	own := ownLabels(c, m)
	// The only node that a node may see.
	follow(ctx, kubelet, "fieldSelector="+url.QueryEscape("metadata.name="+c.NodeName), func(nodes []nodeObject) {
		for _, node := range nodes {
			if node.Metadata.Name != c.NodeName {
				continue
			}
			if lost := different(node.Metadata.Labels, own); len(lost) > 0 {
				if err := kubelet.patch(ctx, path, mergePatch, labels(lost)); err != nil && ctx.Err() == nil {
					log.Warn("Labels of node %s: %v", c.NodeName, err)
				}
			}
		}
	})
	return nil
}

func register(ctx context.Context, kubelet *api, c Config, m machine) error {
	given := map[string]any{}
	for _, label := range c.Labels {
		key, value, _ := strings.Cut(label, "=")
		given[key] = value
	}
	for key, value := range ownLabels(c, m) {
		if key != fakeNode {
			given[key] = value
		}
	}
	node := map[string]any{
		"apiVersion": "v1", "kind": "Node",
		"metadata": map[string]any{
			"name": c.NodeName, "labels": given,
			"annotations": map[string]string{fakeNode: "fake", "alpha.kubernetes.io/provided-node-ip": c.NodeIP},
		},
		"spec": map[string]any{"taints": taints(c.Taints)},
	}
	if err := kubelet.post(ctx, "/api/v1/nodes", node); err != nil && !isCode(err, http.StatusConflict) {
		return err
	}
	path := "/api/v1/nodes/" + c.NodeName
	if err := kubelet.patch(ctx, path+"/status", strategicMerge, map[string]any{"status": status(c, m)}); err != nil {
		return err
	}
	// Whether it is in the mesh or not, it says what every node says: whoever waits for that need not know what it is.
	kept := labels(map[string]any{fakeNode: "fake"})
	kept["metadata"].(map[string]any)["annotations"] = map[string]string{publicIPAnnotation: meshAddress(c)}
	return kubelet.patch(ctx, path, mergePatch, kept)
}

// shareLight offers each GPU as often as the node's label says, as a device plugin would.
func shareLight(ctx context.Context, c Config, m machine, kubelet, controller *api) {
	offered, complaint := 1, ""
	for pause(ctx, devicesPeriod) {
		times, err := replicas(ctx, c, controller)
		if err == nil && times != offered {
			count := map[string]string{gpu: fmt.Sprint(m.GPUs * times)}
			change := map[string]any{"status": map[string]any{"capacity": count, "allocatable": count}}
			if err = kubelet.patch(ctx, "/api/v1/nodes/"+c.NodeName+"/status", strategicMerge, change); err == nil {
				offered = times
			}
		}
		if err != nil && ctx.Err() == nil && err.Error() != complaint {
			log.Warn("GPUs: %v", err)
			complaint = err.Error()
		}
	}
}

// ownLabels are those that a kubelet keeps on its node, and kwok's.
func ownLabels(c Config, m machine) map[string]string {
	return map[string]string{
		fakeNode:                  "fake",
		"kubernetes.io/arch":      m.Architecture,
		"kubernetes.io/hostname":  c.NodeName,
		"kubernetes.io/os":        "linux",
		"beta.kubernetes.io/arch": m.Architecture,
		"beta.kubernetes.io/os":   "linux",
	}
}

// status is the size that the machine has, and the version that a kubelet would report.
func status(c Config, m machine) map[string]any {
	size := map[string]string{
		"cpu":    fmt.Sprint(m.VCPUs),
		"memory": fmt.Sprintf("%dMi", m.MemoryMiB),
		"pods":   podsLimit,
	}
	if m.GPUs > 0 {
		size[gpu] = fmt.Sprint(m.GPUs)
	}
	if m.DiskGiB > 0 {
		size["ephemeral-storage"] = fmt.Sprintf("%dGi", m.DiskGiB)
	}
	addresses := []map[string]string{
		{"type": "InternalIP", "address": c.NodeIP},
		{"type": "Hostname", "address": c.NodeName},
	}
	if c.ExternalIP != "" {
		addresses = append(addresses, map[string]string{"type": "ExternalIP", "address": c.ExternalIP})
	}
	return map[string]any{
		"addresses": addresses, "capacity": size, "allocatable": size,
		"nodeInfo": map[string]string{
			"architecture": m.Architecture, "operatingSystem": "linux", "kubeletVersion": c.Version, "kubeProxyVersion": c.Version,
			"containerRuntimeVersion": "kwok", "osImage": "", "kernelVersion": "", "bootID": "", "machineID": "", "systemUUID": "",
		},
	}
}

// taints reads `key=value:effect`.
func taints(given []string) []map[string]string {
	found := []map[string]string{}
	for _, one := range given {
		head, effect, _ := strings.Cut(one, ":")
		key, value, _ := strings.Cut(head, "=")
		found = append(found, map[string]string{"key": key, "value": value, "effect": effect})
	}
	return found
}

func labels(changed map[string]any) map[string]any {
	return map[string]any{"metadata": map[string]any{"labels": changed}}
}

func different(have, want map[string]string) map[string]any {
	found := map[string]any{}
	for key, value := range want {
		if have[key] != value {
			found[key] = value
		}
	}
	return found
}
