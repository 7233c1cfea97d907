package main

import (
	"errors"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
)

func TestEveryFlagIsNeededAndNothingButPoliciesRuns(t *testing.T) {
	whole := []string{"--hostname-override=a", "--kubeconfig=/k", "--service-cluster-ip-range=10.43.0.0/16"}
	config, err := configured(whole)
	if err != nil || config.ClusterIPCIDRs[0] != "10.43.0.0/16" || config.HostnameOverride != "a" {
		t.Errorf("%v, %v", config, err)
	}
	if !config.RunFirewall || config.RunRouter || config.RunServiceProxy {
		t.Error("kube-router is more than its firewall")
	}
	for i := range whole {
		name, _, _ := strings.Cut(whole[i], "=")
		lacking := append(append([]string{}, whole[:i]...), whole[i+1:]...)
		if _, err := configured(lacking); err == nil || !strings.Contains(err.Error(), name+" is required") {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestWhatTheKernelLacksIsNamedAllAtOnceWithItsRemedy(t *testing.T) {
	there := t.TempDir()
	fine := func() error { return nil }
	if err := able(there, fine); err != nil {
		t.Errorf("nothing is lacking: %v", err)
	}
	err := able(there+"/none", func() error { return errors.New("no such family") })
	for _, wanted := range []string{"modprobe br_netfilter", "modprobe ip_set", "no such family"} {
		if err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%q is not in %v", wanted, err)
		}
	}
}

func TestANodeIsReadWhenItsCloudHasGivenItAddresses(t *testing.T) {
	internal := []core.NodeAddress{{Type: core.NodeInternalIP, Address: "10.16.0.1"}}
	tainted := []core.Taint{{Key: uninitialized}}
	for _, one := range []struct {
		addresses []core.NodeAddress
		taints    []core.Taint
		want      bool
	}{
		{internal, nil, true},
		{internal, tainted, false},
		{[]core.NodeAddress{{Type: core.NodeHostName, Address: "a"}}, nil, false},
		{internal, []core.Taint{{Key: "other"}}, true},
	} {
		node := &core.Node{Spec: core.NodeSpec{Taints: one.taints}, Status: core.NodeStatus{Addresses: one.addresses}}
		if got := initialized(node); got != one.want {
			t.Errorf("%v with taints %v: got %v", one.addresses, one.taints, got)
		}
	}
}
