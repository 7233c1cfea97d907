// kube-router's controller of network policies behind a main of ours, with the settings that K3s runs it with inside
// itself: kube-router's own main serves Services and routes too, and asks for what a node of K3s may not read. Flags are
// named as kube-router's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
	"github.com/coreos/go-iptables/iptables"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

const (
	// addressLimit is how long K3s waits for its node to have addresses.
	addressLimit = time.Minute
	addressPause = 500 * time.Millisecond
	// uninitialized taints a node that its cloud has not given addresses to.
	uninitialized = "node.cloudprovider.kubernetes.io/uninitialized"
	// bridged is there where packets of a bridge may be led through rules.
	bridged = "/proc/sys/net/bridge/bridge-nf-call-iptables"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// configured reads flags into kube-router's settings.
func configured(arguments []string) (*options.KubeRouterConfig, error) {
	config := options.NewKubeRouterConfig()
	config.EnableIPv4, config.EnableIPv6 = true, false
	config.RunFirewall, config.RunRouter, config.RunServiceProxy = true, false, false
	var services string
	set := flag.NewFlagSet("kube-router", flag.ContinueOnError)
	klog.InitFlags(set)
	set.StringVar(&config.HostnameOverride, "hostname-override", "", "the name of this node")
	set.StringVar(&config.Kubeconfig, "kubeconfig", "", "how the cluster is reached")
	set.StringVar(&services, "service-cluster-ip-range", "", "where the addresses of Services are from")
	if err := set.Parse(arguments); err != nil {
		return nil, err
	}
	var lacking []error
	for _, name := range []string{"hostname-override", "kubeconfig", "service-cluster-ip-range"} {
		if set.Lookup(name).Value.String() == "" {
			lacking = append(lacking, fmt.Errorf("--%s is required", name))
		}
	}
	config.ClusterIPCIDRs = []string{services}
	return config, errors.Join(lacking...)
}

func run(ctx context.Context, arguments []string) error {
	config, err := configured(arguments)
	if err != nil {
		return err
	}
	reached, err := clientcmd.BuildConfigFromFlags("", config.Kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(reached)
	if err != nil {
		return err
	}
	if err := addressed(ctx, client, config.HostnameOverride); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("node %s has no address: %w", config.HostnameOverride, err)
	}
	return enforce(ctx, config, client)
}

// addressed waits until a node has its addresses, which the controller reads once.
func addressed(ctx context.Context, client kubernetes.Interface, name string) error {
	return wait.PollUntilContextTimeout(ctx, addressPause, addressLimit, true, func(ctx context.Context) (bool, error) {
		node, err := client.CoreV1().Nodes().Get(ctx, name, meta.GetOptions{})
		if err != nil {
			klog.Warningf("Node %s cannot be read: %v", name, err)
			return false, nil
		}
		return initialized(node), nil
	})
}

func initialized(node *core.Node) bool {
	for _, taint := range node.Spec.Taints {
		if taint.Key == uninitialized {
			return false
		}
	}
	for _, address := range node.Status.Addresses {
		if address.Type == core.NodeInternalIP {
			return true
		}
	}
	return false
}

// able tells what the kernel lacks: without it some connections or all would pass whatever policies say, and nobody would
// see it. K3s loads modules and warns; a machine of the rehearsal may load none.
func able(bridged string, sets func() error) error {
	const remedy = "on the computer that the machines run on, run"
	var lacking []error
	if _, err := os.Stat(bridged); err != nil {
		lacking = append(lacking, fmt.Errorf("policies would not bind between pods of one node; %s `modprobe br_netfilter`: %w", remedy, err))
	}
	if err := sets(); err != nil {
		lacking = append(lacking, fmt.Errorf("policies cannot be enforced; %s `modprobe ip_set`: %w", remedy, err))
	}
	return errors.Join(lacking...)
}

// enforce keeps the rules of this node's pods until the context ends; they stay, because pods do.
func enforce(ctx context.Context, config *options.KubeRouterConfig, client kubernetes.Interface) error {
	rules, err := iptables.NewWithProtocol(iptables.ProtocolIPv4)
	if err != nil {
		return err
	}
	sets, err := utils.NewIPSet(false)
	if err != nil {
		return err
	}
	if err := able(bridged, sets.Save); err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), pods.HasSynced, namespaces.HasSynced, policies.HasSynced) {
		return nil
	}
	controller, err := netpol.NewNetworkPolicyController(client, config, pods, policies, namespaces, &sync.Mutex{},
		map[core.IPFamily]utils.IPTablesHandler{core.IPv4Protocol: rules},
		map[core.IPFamily]utils.IPSetHandler{core.IPv4Protocol: sets})
	if err != nil {
		return err
	}
	_, onPods := pods.AddEventHandler(controller.PodEventHandler)
	_, onNamespaces := namespaces.AddEventHandler(controller.NamespaceEventHandler)
	_, onPolicies := policies.AddEventHandler(controller.NetworkPolicyEventHandler)
	if err := errors.Join(onPods, onNamespaces, onPolicies); err != nil {
		return err
	}
	// The controller tells that it lives before each of its rounds, and waits until somebody hears it.
	heartbeats := make(chan *healthcheck.ControllerHeartbeat)
	go func() {
		for range heartbeats {
		}
	}()
	var running sync.WaitGroup
	running.Add(1)
	controller.Run(heartbeats, ctx.Done(), &running)
	running.Wait()
	return nil
}
