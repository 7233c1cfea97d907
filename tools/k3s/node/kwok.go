package node

import (
	"context"
	"path/filepath"

	"sophia/tools/k3s/child"
	"sophia/tools/k3s/log"
)

// Kwok says how light nodes are kept.
type Kwok struct {
	// Kubeconfig is for kwok: who may change all nodes, pods and leases.
	Kubeconfig string
	// ProgramsDir holds bin/kwok and kwok-stages.yaml.
	ProgramsDir string
	// ClusterCIDR is where the addresses of pods that do not run are from.
	ClusterCIDR string
}

// RunKwok keeps light nodes alive, and says of their pods that they run, until the context ends. The program is started
// when there is the first such node, because most clusters have none.
func RunKwok(ctx context.Context, k Kwok) error {
	api, err := newAPI(k.Kubeconfig)
	if err != nil {
		return err
	}
	waiting, found := context.WithCancel(ctx)
	defer found()
	follow(waiting, api, byLabel(LightNodes), func(nodes []nodeObject) {
		if len(nodes) > 0 {
			found()
		}
	})
	if ctx.Err() != nil {
		return nil
	}
	log.Info("There are light nodes: running kwok")
	kwok, err := child.Start(ctx, child.Spec{
		Name: "kwok",
		Path: filepath.Join(k.ProgramsDir, "bin/kwok"),
		Args: []string{
			"--cidr=" + k.ClusterCIDR,
			"--config=" + filepath.Join(k.ProgramsDir, "kwok-stages.yaml"),
			"--kubeconfig=" + k.Kubeconfig,
			"--manage-all-nodes=false",
			// By label, because a watch by label sees a node that gets the label later; one by annotation never does.
			"--manage-nodes-with-label-selector=" + LightNodes,
			"--node-lease-duration-seconds=40",
			"--server-address=127.0.0.1:10247",
			"-v=WARN",
		},
	})
	if err != nil {
		return err
	}
	return kwok.Wait()
}
