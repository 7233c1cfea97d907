// Package servicelb makes Services of type LoadBalancer be reached at the nodes' own addresses, as K3s' ServiceLB does: by
// pods that hold the Service's ports of their node and lead to the Service.
package servicelb

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/log"
)

const (
	// Image is what K3s' pods are made of; the rehearsal's one of this name passes connections on in user space.
	Image = "rancher/klipper-lb:v0.4.17"

	enabled     = "svccontroller.k3s.cattle.io/enablelb"
	svcName     = "svccontroller.k3s.cattle.io/svcname"
	svcSpace    = "svccontroller.k3s.cattle.io/svcnamespace"
	tolerations = "svccontroller.k3s.cattle.io/tolerations"

	serviceAccount = "svclb"

	interval = 2 * time.Second
)

type port struct {
	Name       string `json:"name"`
	Port       int    `json:"port"`
	Protocol   string `json:"protocol"`
	TargetPort any    `json:"targetPort"`
}

type service struct {
	Metadata struct {
		Name, Namespace, UID string
		Annotations          map[string]string
		DeletionTimestamp    string
	}
	Spec struct {
		Type              string
		ClusterIP         string
		LoadBalancerClass *string
		Ports             []port
	}
	Status struct {
		LoadBalancer struct {
			Ingress []ingress `json:"ingress"`
		}
	}
}

type ingress struct {
	IP     string `json:"ip"`
	IPMode string `json:"ipMode,omitempty"`
}

type node struct {
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Status struct {
		Addresses []struct{ Type, Address string }
	}
}

// Controller follows Services of type LoadBalancer.
type Controller struct {
	API *kubeapi.Client
	// Registry is put before the image, and ends with a slash, or is empty.
	Registry string
	// Namespace is where the pods run.
	Namespace string

	applied map[string]string
}

// Run follows them until the context ends.
func (c *Controller) Run(ctx context.Context) {
	c.applied = map[string]string{}
	kubeapi.Follow(ctx, "Services of type LoadBalancer", interval, c.once)
}

func (c *Controller) once(ctx context.Context) error {
	services, err := balanced(ctx, c.API)
	if err != nil {
		return err
	}
	var nodes struct{ Items []node }
	if err := c.API.Get(ctx, "/api/v1/nodes", &nodes); err != nil {
		return err
	}
	account := kubeapi.Object{
		"apiVersion": "v1", "kind": "ServiceAccount", "metadata": kubeapi.Object{"name": serviceAccount, "namespace": c.Namespace},
	}
	wanted := map[string]bool{}
	for _, one := range services {
		set := daemonSet(one, c.Registry+Image, c.Namespace, slices.ContainsFunc(nodes.Items, labelled))
		path := fmt.Sprintf("/apis/apps/v1/namespaces/%s/daemonsets/%s", c.Namespace, setName(one))
		wanted[path] = true
		text, _ := json.Marshal(set)
		if c.applied[path] != string(text) {
			place := fmt.Sprintf("/api/v1/namespaces/%s/serviceaccounts/%s", c.Namespace, serviceAccount)
			if err := c.API.Apply(ctx, place, account); err != nil {
				return err
			}
			if err := c.API.Apply(ctx, path, set); err != nil {
				return err
			}
			c.applied[path] = string(text)
			log.Info("Applied DaemonSet %s for Service %s/%s", setName(one), one.Metadata.Namespace, one.Metadata.Name)
		}
		if err := c.tell(ctx, one, nodes.Items); err != nil {
			return err
		}
	}
	return c.forget(ctx, wanted)
}

// forget deletes what was made for Services that are there no more.
func (c *Controller) forget(ctx context.Context, wanted map[string]bool) error {
	var sets struct {
		Items []struct{ Metadata struct{ Name string } }
	}
	base := fmt.Sprintf("/apis/apps/v1/namespaces/%s/daemonsets", c.Namespace)
	if err := c.API.Get(ctx, base+"?labelSelector="+svcName, &sets); err != nil {
		return err
	}
	for _, one := range sets.Items {
		path := base + "/" + one.Metadata.Name
		if wanted[path] {
			continue
		}
		if err := c.API.Delete(ctx, path); err != nil {
			return err
		}
		delete(c.applied, path)
	}
	return nil
}

// tell writes into the Service's status where it is reached: on the nodes whose pod for it is ready.
func (c *Controller) tell(ctx context.Context, one service, nodes []node) error {
	var pods struct {
		Items []struct {
			Spec   struct{ NodeName string }
			Status struct {
				Conditions []struct{ Type, Status string }
			}
		}
	}
	query := fmt.Sprintf("/api/v1/namespaces/%s/pods?labelSelector=%s=%s,%s=%s",
		c.Namespace, svcName, one.Metadata.Name, svcSpace, one.Metadata.Namespace)
	if err := c.API.Get(ctx, query, &pods); err != nil {
		return err
	}
	found := []ingress{}
	for _, pod := range pods.Items {
		ready := false
		for _, condition := range pod.Status.Conditions {
			ready = ready || condition.Type == "Ready" && condition.Status == "True"
		}
		place := slices.IndexFunc(nodes, func(n node) bool { return n.Metadata.Name == pod.Spec.NodeName })
		if ready && place >= 0 {
			found = append(found, ingress{address(nodes[place]), "VIP"})
		}
	}
	slices.SortFunc(found, func(a, b ingress) int { return strings.Compare(a.IP, b.IP) })
	if len(found) == len(one.Status.LoadBalancer.Ingress) && (len(found) == 0 || reflect.DeepEqual(found, one.Status.LoadBalancer.Ingress)) {
		return nil
	}
	path := fmt.Sprintf("/api/v1/namespaces/%s/services/%s/status", one.Metadata.Namespace, one.Metadata.Name)
	return c.API.Merge(ctx, path, kubeapi.Object{"status": kubeapi.Object{"loadBalancer": kubeapi.Object{"ingress": found}}})
}

// balanced lists the Services that are this controller's.
func balanced(ctx context.Context, api *kubeapi.Client) ([]service, error) {
	var list struct{ Items []service }
	if err := api.Get(ctx, "/api/v1/services?fieldSelector=spec.type=LoadBalancer", &list); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list.Items, func(one service) bool {
		return one.Spec.LoadBalancerClass != nil || one.Spec.ClusterIP == "" || one.Spec.ClusterIP == "None" || one.Metadata.DeletionTimestamp != ""
	}), nil
}

func labelled(one node) bool { return one.Metadata.Labels[enabled] == "true" }

func address(one node) string {
	for _, kind := range []string{"ExternalIP", "InternalIP"} {
		for _, address := range one.Status.Addresses {
			if address.Type == kind {
				return address.Address
			}
		}
	}
	return ""
}

func setName(one service) string {
	uid, _, _ := strings.Cut(one.Metadata.UID, "-")
	return fmt.Sprintf("svclb-%s-%s", one.Metadata.Name, uid)
}

// daemonSet is what K3s makes for a Service, with selected on the nodes alone that are labelled for it.
func daemonSet(one service, image, namespace string, selected bool) kubeapi.Object {
	labels := kubeapi.Object{
		"app":    setName(one),
		svcName:  one.Metadata.Name,
		svcSpace: one.Metadata.Namespace,
	}
	tolerated := []any{
		kubeapi.Object{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"},
		kubeapi.Object{"key": "CriticalAddonsOnly", "operator": "Exists"},
	}
	if text := one.Metadata.Annotations[tolerations]; text != "" {
		var more []any
		if err := yaml.Unmarshal([]byte(text), &more); err != nil {
			log.Warn("Service %s/%s: annotation %s: %v", one.Metadata.Namespace, one.Metadata.Name, tolerations, err)
		}
		tolerated = append(tolerated, more...)
	}
	var containers []kubeapi.Object
	for _, p := range one.Spec.Ports {
		if p.Protocol != "TCP" {
			log.Warn("Service %s/%s: the rehearsal's load balancer passes TCP on alone, not %s", one.Metadata.Namespace, one.Metadata.Name, p.Protocol)
			continue
		}
		number := strconv.Itoa(p.Port)
		containers = append(containers, kubeapi.Object{
			"name":            fmt.Sprintf("lb-tcp-%d", p.Port),
			"image":           image,
			"imagePullPolicy": "IfNotPresent",
			"ports":           []kubeapi.Object{{"name": fmt.Sprintf("lb-tcp-%d", p.Port), "containerPort": p.Port, "hostPort": p.Port, "protocol": "TCP"}},
			"env": []kubeapi.Object{
				{"name": "SRC_PORT", "value": number}, {"name": "SRC_RANGES", "value": "0.0.0.0/0"}, {"name": "DEST_PROTO", "value": "TCP"},
				{"name": "DEST_PORT", "value": number}, {"name": "DEST_IPS", "value": one.Spec.ClusterIP},
			},
			"securityContext": kubeapi.Object{"capabilities": kubeapi.Object{"add": []string{"NET_ADMIN"}}},
		})
	}
	pod := kubeapi.Object{
		"serviceAccountName":           serviceAccount,
		"automountServiceAccountToken": false,
		"priorityClassName":            "system-node-critical",
		"tolerations":                  tolerated,
		"containers":                   containers,
	}
	if selected {
		pod["nodeSelector"] = kubeapi.Object{enabled: "true"}
	}
	return kubeapi.Object{
		"apiVersion": "apps/v1",
		"kind":       "DaemonSet",
		"metadata":   kubeapi.Object{"name": setName(one), "namespace": namespace, "labels": labels},
		"spec": kubeapi.Object{
			"selector":       kubeapi.Object{"matchLabels": kubeapi.Object{"app": setName(one)}},
			"template":       kubeapi.Object{"metadata": kubeapi.Object{"labels": labels}, "spec": pod},
			"updateStrategy": kubeapi.Object{"type": "RollingUpdate"},
		},
	}
}
