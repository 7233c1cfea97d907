package node

import (
	"context"
	"path/filepath"
	"strings"

	"sophia/tools/k3s/child"
	"sophia/tools/k3s/log"
)

// setPrefix is how the sets begin that kube-router keeps the addresses of pods in.
const setPrefix = "KUBE-"

// policyArgs are the flags of kube-router, which enforces network policies and does nothing else.
func policyArgs(c Config) []string {
	return []string{
		"--hostname-override=" + c.NodeName,
		"--kubeconfig=" + c.ControllerKubeconfig,
		"--service-cluster-ip-range=" + c.ServiceCIDR,
	}
}

// startPolicies starts it beside the other programs: K3s has it inside itself, and ends with it.
func startPolicies(ctx context.Context, c Config) (*child.Child, error) {
	arguments := policyArgs(c)
	log.Info("Running kube-router %s", strings.Join(arguments, " "))
	return child.Start(ctx, child.Spec{Name: "kube-router", Path: filepath.Join(c.ProgramsDir, "bin/kube-router"), Args: arguments})
}
