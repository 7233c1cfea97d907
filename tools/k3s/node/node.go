package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sophia/tools/k3s/child"
	"sophia/tools/k3s/log"
)

// Run is the node until the context ends, or until a program of it ends by itself, which is an error.
//
// Pods live on when it returns, and the next Run finds them.
func Run(ctx context.Context, c Config) error {
	machine, err := readMachine(machineFile)
	if err != nil {
		return err
	}
	api, err := newAPI(c.ControllerKubeconfig)
	if err != nil {
		return err
	}
	if machine.light() {
		return runLight(ctx, c, machine, api)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var children []*child.Child
	// Whatever ends this, programs are asked to end before it returns.
	defer func() {
		cancel()
		for _, one := range children {
			<-one.Done()
		}
	}()
	containerd, err := startContainerd(ctx, c, machine)
	if containerd != nil {
		children = append(children, containerd)
	}
	if err != nil {
		return err
	}
	if err := importImages(ctx, c); err != nil {
		return err
	}
	var background sync.WaitGroup
	defer background.Wait()
	defer cancel()
	failed := make(chan error, 2)
	start := func(act func() error) {
		background.Add(1)
		go func() {
			defer background.Done()
			if err := act(); err != nil && ctx.Err() == nil {
				failed <- err
			}
		}()
	}
	if c.FlannelBackend != "none" {
		start(func() error { return runMesh(ctx, c, api) })
	}
	kubelet, err := startKubelet(ctx, c)
	if kubelet != nil {
		children = append(children, kubelet)
	}
	if err != nil {
		return err
	}
	if !c.DisableKubeProxy {
		proxy, err := startProxy(ctx, c)
		if err != nil {
			return err
		}
		children = append(children, proxy)
	}
	if !c.DisableNetworkPolicy {
		policies, err := startPolicies(ctx, c)
		if err != nil {
			return err
		}
		children = append(children, policies)
	}
	log.Info("Node %s is up", c.NodeName)
	if c.Ready != nil {
		c.Ready()
	}
	for _, one := range children {
		start(one.Wait)
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// await waits until a program that was started passes a check, or ends, or takes too long.
func await(ctx context.Context, started *child.Child, name string, check func() error) error {
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-started.Done():
			return errors.Join(started.Wait(), ctx.Err())
		case <-limit.C:
			return fmt.Errorf("%s does not answer after %s: %w; its last lines:\n%s", name, startLimit, err, started.Tail())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
