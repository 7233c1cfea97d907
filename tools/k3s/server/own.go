package server

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"sophia/tools/k3s/cloud"
	"sophia/tools/k3s/helm"
	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/localstorage"
	"sophia/tools/k3s/log"
	"sophia/tools/k3s/manifests"
	"sophia/tools/k3s/node"
	"sophia/tools/k3s/programs"
	"sophia/tools/k3s/servicelb"
)

// startOwn runs what K3s itself does in the cluster.
func (r *running) startOwn(api *kubeapi.Client) {
	layer, group := r.layer()
	r.snapshots.Use(api)
	group.Go(func() { r.advertised(layer, api) })
	dns := !contains(r.disabled, "coredns")
	controller := &cloud.Controller{API: api, DNS: dns, Server: r.node.NodeName}
	group.Go(func() { controller.Run(layer) })
	group.Go(func() { r.deploy(layer) })
	if !r.disableHelm {
		charts := &helm.Controller{API: api, Program: programs.Bin("helm"), Charts: programs.Charts(), Version: r.version}
		group.Go(func() { charts.Run(layer) })
	}
	if !contains(r.disabled, "servicelb") {
		balancer := &servicelb.Controller{API: api, Registry: r.registry, Namespace: r.balancerNamespace}
		group.Go(func() { balancer.Run(layer) })
		if !r.disableAgent && node.PlaysItsPods() {
			light := &servicelb.Light{API: api, Node: r.node.NodeName}
			group.Go(func() { light.Run(layer) })
		}
	}
	if !contains(r.disabled, "local-storage") {
		light := &localstorage.Light{API: api, Nodes: node.LightNodes, Folder: r.storage}
		group.Go(func() { light.Run(layer) })
	}
	r.part(group, func() error { return r.snapshots.Run(layer) })
	r.part(group, func() error {
		return node.RunKwok(layer, node.Kwok{
			Kubeconfig:  r.dir.Cred("supervisor.kubeconfig"),
			ProgramsDir: programs.Root(),
			ClusterCIDR: r.agent.ClusterCIDR,
		})
	})
}

// advertised makes pods find the API server, as soon as it lets itself be told where it is.
func (r *running) advertised(ctx context.Context, api *kubeapi.Client) {
	for ctx.Err() == nil {
		err := cloud.Advertise(ctx, api, r.advertise, r.plane.AdvertisePort)
		if err == nil {
			return
		}
		log.Warn("The API server is not advertised: %v", err)
		time.Sleep(300 * time.Millisecond)
	}
}

// deploy makes K3s' own resources and manifests be in the cluster, and keeps what is in the folder of manifests so.
func (r *running) deploy(ctx context.Context) {
	api, err := r.client("deploy@" + r.node.NodeName)
	if err != nil {
		log.Error("Failed to stage files: %v", err)
		return
	}
	for ctx.Err() == nil {
		if err = manifests.Define(ctx, api); err == nil {
			break
		}
		log.Warn("Failed to create custom resource definitions: %v", err)
		time.Sleep(500 * time.Millisecond)
	}
	folder := filepath.Join(string(r.dir), "manifests")
	variables := map[string]string{
		"CLUSTER_DNS":                r.agent.ClusterDNS,
		"CLUSTER_DOMAIN":             r.agent.ClusterDomain,
		"DEFAULT_LOCAL_STORAGE_PATH": r.storage,
		"SYSTEM_DEFAULT_REGISTRY":    r.registry,
		"LIGHT_NODES":                lightNodes(),
		"KUBERNETES_API":             fmt.Sprintf("%s:%d", r.advertise, r.plane.AdvertisePort),
		"TRAEFIK_CHART":              programs.Chart("traefik"),
	}
	if err := manifests.Stage(folder, variables, r.disabled); err != nil {
		log.Error("Failed to stage files: %v", err)
		return
	}
	manifests.Follow(ctx, api, folder, r.disabled)
}

// lightNodes is the value of the label of nodes that what K3s packages must not be on, or a value that none has.
func lightNodes() string {
	if node.ObjectsOnly() {
		return "none"
	}
	return "fake"
}

func (r *running) client(agent string) (*kubeapi.Client, error) {
	dir := r.dir
	return kubeapi.New(r.plane.Endpoint(), dir.TLS("server-ca.crt"), dir.TLS("client-supervisor.crt"), dir.TLS("client-supervisor.key"), agent)
}
