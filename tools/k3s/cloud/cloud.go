// Package cloud is what a server does for its nodes: their addresses, from what each said of itself, and their names for the
// cluster's DNS.
package cloud

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/log"
)

const uninitialized = "node.cloudprovider.kubernetes.io/uninitialized"

type address struct {
	Type    string `json:"type"`
	Address string `json:"address"`
}

type taint struct {
	Key       string `json:"key"`
	Value     string `json:"value,omitempty"`
	Effect    string `json:"effect"`
	TimeAdded string `json:"timeAdded,omitempty"`
}

type node struct {
	Metadata struct {
		Name        string
		Labels      map[string]string
		Annotations map[string]string
	}
	Spec struct {
		ProviderID string
		Taints     []taint
	}
	Status struct{ Addresses []address }
}

// Controller follows the nodes.
type Controller struct {
	API *kubeapi.Client
	// DNS tells whether the server's own CoreDNS is there to be told of nodes.
	DNS bool
	// Server is this machine's node, which gets the labels of its roles.
	Server string

	nodes map[string]node
	hosts string
}

// Run follows the nodes until the context ends.
func (c *Controller) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := c.follow(ctx); err != nil && ctx.Err() == nil {
			log.Warn("Nodes are not followed: %v", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
}

func (c *Controller) follow(ctx context.Context) error {
	var list struct {
		Metadata struct{ ResourceVersion string }
		Items    []node
	}
	if err := c.API.Get(ctx, "/api/v1/nodes", &list); err != nil {
		return err
	}
	c.nodes = map[string]node{}
	for _, one := range list.Items {
		c.nodes[one.Metadata.Name] = one
		c.settle(ctx, one)
	}
	c.tell(ctx)
	path := "/api/v1/nodes?timeoutSeconds=300&resourceVersion=" + list.Metadata.ResourceVersion
	return c.API.Watch(ctx, path, func(kind string, object json.RawMessage) {
		var one node
		if json.Unmarshal(object, &one) != nil {
			return
		}
		if kind == "DELETED" {
			delete(c.nodes, one.Metadata.Name)
		} else {
			c.nodes[one.Metadata.Name] = one
			c.settle(ctx, one)
		}
		c.tell(ctx)
	})
}

// settle makes a node have the addresses that it said, and takes the taint away by which it waited for them.
func (c *Controller) settle(ctx context.Context, one node) {
	path := "/api/v1/nodes/" + one.Metadata.Name
	if addresses := wanted(one); addresses != nil && !reflect.DeepEqual(addresses, one.Status.Addresses) {
		change := kubeapi.Object{"status": kubeapi.Object{"addresses": addresses}}
		if err := c.API.Merge(ctx, path+"/status", change); err != nil {
			log.Warn("Addresses of node %s: %v", one.Metadata.Name, err)
			return
		}
	} else if addresses == nil {
		return
	}
	labels := kubeapi.Object{}
	if one.Metadata.Name == c.Server {
		for _, role := range []string{"control-plane", "etcd"} {
			if one.Metadata.Labels["node-role.kubernetes.io/"+role] == "" {
				labels["node-role.kubernetes.io/"+role] = "true"
			}
		}
	}
	if one.Metadata.Labels["node.kubernetes.io/instance-type"] == "" {
		labels["node.kubernetes.io/instance-type"] = "k3s"
	}
	spec := kubeapi.Object{}
	if one.Spec.ProviderID == "" {
		spec["providerID"] = "k3s://" + one.Metadata.Name
	}
	if slices.ContainsFunc(one.Spec.Taints, func(taint taint) bool { return taint.Key == uninitialized }) {
		spec["taints"] = slices.DeleteFunc(slices.Clone(one.Spec.Taints), func(taint taint) bool { return taint.Key == uninitialized })
	}
	if len(labels)+len(spec) == 0 {
		return
	}
	change := kubeapi.Object{"metadata": kubeapi.Object{"labels": labels}, "spec": spec}
	if err := c.API.Merge(ctx, path, change); err != nil {
		log.Warn("Node %s is not initialized: %v", one.Metadata.Name, err)
		return
	}
	log.Info("Successfully initialized node %s with cloud provider", one.Metadata.Name)
}

// wanted are the addresses that the annotations say, or nothing before they are there.
func wanted(one node) []address {
	annotations := one.Metadata.Annotations
	if annotations["k3s.io/internal-ip"] == "" {
		return nil
	}
	var result []address
	for _, kind := range []struct{ kind, annotation string }{
		{"InternalIP", "k3s.io/internal-ip"}, {"ExternalIP", "k3s.io/external-ip"}, {"Hostname", "k3s.io/hostname"},
	} {
		if value := annotations[kind.annotation]; value != "" {
			for part := range strings.SplitSeq(value, ",") {
				result = append(result, address{kind.kind, part})
			}
		}
	}
	return result
}

// tell writes the names of all nodes where CoreDNS reads them.
func (c *Controller) tell(ctx context.Context) {
	if !c.DNS {
		return
	}
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.nodes)) {
		if internal := c.nodes[name].Metadata.Annotations["k3s.io/internal-ip"]; internal != "" {
			lines.WriteString(internal + " " + name + "\n")
		}
	}
	if lines.String() == c.hosts {
		return
	}
	path := "/api/v1/namespaces/kube-system/configmaps/coredns"
	err := c.API.Merge(ctx, path, kubeapi.Object{"data": kubeapi.Object{"NodeHosts": lines.String()}})
	switch {
	case err == nil:
		c.hosts = lines.String()
		log.Info("Updated coredns NodeHosts entry")
	case !kubeapi.IsNotFound(err):
		log.Warn("coredns NodeHosts: %v", err)
	}
}

// Advertise makes the Service `kubernetes` lead to the supervisor's port of an address.
func Advertise(ctx context.Context, api *kubeapi.Client, address string, port int) error {
	metadata := kubeapi.Object{"name": "kubernetes", "namespace": "default"}
	ports := []kubeapi.Object{{"name": "https", "port": port, "protocol": "TCP"}}
	endpoints := kubeapi.Object{
		"apiVersion": "v1", "kind": "Endpoints",
		"metadata": kubeapi.Object{
			"name": "kubernetes", "namespace": "default",
			"labels": kubeapi.Object{"endpointslice.kubernetes.io/skip-mirror": "true"},
		},
		"subsets": []kubeapi.Object{{"addresses": []kubeapi.Object{{"ip": address}}, "ports": ports}},
	}
	if err := api.Apply(ctx, "/api/v1/namespaces/default/endpoints/kubernetes", endpoints); err != nil {
		return err
	}
	metadata["labels"] = kubeapi.Object{"kubernetes.io/service-name": "kubernetes"}
	kind := "IPv4"
	if strings.Contains(address, ":") {
		kind = "IPv6"
	}
	slice := kubeapi.Object{
		"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
		"metadata":    metadata,
		"addressType": kind,
		"endpoints":   []kubeapi.Object{{"addresses": []string{address}, "conditions": kubeapi.Object{"ready": true}}},
		"ports":       ports,
	}
	return api.Apply(ctx, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes", slice)
}
