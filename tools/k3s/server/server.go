// Package server is the command `k3s server`: the datastore, the control plane, the supervisor, and this machine's node.
package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sophia/tools/k3s/agent"
	"sophia/tools/k3s/child"
	"sophia/tools/k3s/config"
	"sophia/tools/k3s/controlplane"
	"sophia/tools/k3s/fault"
	"sophia/tools/k3s/log"
	"sophia/tools/k3s/notify"
	"sophia/tools/k3s/snapshots"
	"sophia/tools/k3s/supervisor"
	"sophia/tools/k3s/token"
)

// Kubeconfig is where people find the cluster.
const Kubeconfig = "/etc/rancher/k3s/k3s.yaml"

// Run is a server until the context ends, or a part of it does.
func Run(ctx context.Context, values *config.Values, version string) error {
	s, err := read(values, version)
	if err != nil {
		return err
	}
	log.Info("Starting k3s %s", version)
	if values.Bool("cluster-reset") {
		return reset(ctx, s, values.String("cluster-reset-restore-path"))
	}
	if err := s.folders(); err != nil {
		return err
	}
	os.Remove(filepath.Join(string(s.dir), "db", resetFlag))
	if !s.etcd.Exists() && !values.Bool("cluster-init") {
		return errors.New("the rehearsal's k3s has the embedded etcd alone: set cluster-init, which K3s needs for it too")
	}
	ready := notify.Take()
	controlplane.NoProxy(s.agent.ClusterCIDR, s.agent.ServiceCIDR)
	run := &running{settings: s, failed: make(chan error, 16)}
	defer run.stop()
	if err := run.start(ctx, ready); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	select {
	case <-ctx.Done():
		log.Info("Received signal: shutting down")
		return nil
	case err := <-run.failed:
		return err
	}
}

// running is a server that was started. Its parts are stopped in the reverse of their order, so that none loses what it
// stands on while it still works.
type running struct {
	settings
	users  *token.Users
	failed chan error
	stops  []func()
}

// layer returns a context for a part, which the server ends before all parts that were started earlier.
func (r *running) layer() (context.Context, *sync.WaitGroup) {
	ctx, cancel := context.WithCancel(context.Background())
	group := &sync.WaitGroup{}
	r.stops = append(r.stops, func() {
		cancel()
		group.Wait()
	})
	return ctx, group
}

func (r *running) stop() {
	for i := len(r.stops) - 1; i >= 0; i-- {
		r.stops[i]()
	}
}

// watch makes the end of a child, when nobody asked for it, the end of the server.
func (r *running) watch(group *sync.WaitGroup, one *child.Child) {
	r.part(group, one.Wait)
}

// part runs something whose failure is the server's.
func (r *running) part(group *sync.WaitGroup, act func() error) {
	group.Go(func() {
		if err := act(); err != nil {
			r.failed <- err
		}
	})
}

func (s *settings) folders() error {
	for _, folder := range []string{"", "tls", "cred", "etc", "db", "manifests"} {
		if err := os.MkdirAll(filepath.Join(string(s.dir), folder), 0o700); err != nil {
			return fmt.Errorf("can not mkdir %s: %w", folder, err)
		}
	}
	return nil
}

// start brings up one part after the other. Everything ends when the context does, even half-way.
func (r *running) start(ctx context.Context, ready func()) error {
	if err := r.startDatastore(ctx); err != nil {
		return err
	}
	front, err := r.startSupervisor()
	if err != nil {
		return err
	}
	api, err := r.client("k3s")
	if err != nil {
		return err
	}
	plane, group := r.layer()
	server, err := r.plane.StartAPIServer(plane)
	if err != nil {
		return err
	}
	r.watch(group, server)
	if !r.disableAgent && !fault.Wanted(fault.NoNode, r.version) {
		r.startNode()
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := controlplane.WaitReady(waiting, api, server); err != nil {
		return err
	}
	log.Info("Kube API server is now running")
	front.Ready(api)
	if err := r.startControllers(plane, group); err != nil {
		return err
	}
	r.startOwn(api)
	log.Info("k3s is up and running")
	ready()
	if fault.Wanted(fault.ExitWhenReady, r.version) {
		time.AfterFunc(2*time.Second, func() { r.failed <- errors.New("a fault was asked for: " + fault.ExitWhenReady) })
	}
	return nil
}

// startDatastore runs etcd, and makes the server's secrets once the datastore has said that the token is its own.
func (r *running) startDatastore(ctx context.Context) error {
	if err := r.etcdCertificates(); err != nil {
		return err
	}
	layer, group := r.layer()
	member, err := r.etcd.Start(layer, false)
	if err != nil {
		return err
	}
	r.watch(group, member)
	if err := r.etcd.Wait(ctx, member); err != nil {
		return err
	}
	if r.users, err = r.secrets(ctx); err != nil {
		return fmt.Errorf("preparing server: %w", err)
	}
	return nil
}

func (r *running) startSupervisor() (*supervisor.Supervisor, error) {
	r.snapshots.TokenHash = func() string { return snapshots.HashToken(r.users.Word("server")) }
	front, err := supervisor.New(supervisor.Settings{
		Dir:            r.dir,
		Users:          r.users,
		Address:        r.address,
		Port:           r.port,
		APIServer:      r.plane.Endpoint(),
		NodeName:       r.node.NodeName,
		AgentConfig:    r.agent,
		APIServers:     r.apiServers(),
		AgentsOwnToken: r.agentToken != "",
		APIServerArgs:  r.plane.APIServerArgs,
		Snapshot:       r.snapshots,
		Rotated:        r.etcd.RotateBootstrap,
	})
	if err != nil {
		return nil, err
	}
	layer, group := r.layer()
	r.part(group, func() error { return front.Serve(layer) })
	return front, r.egress()
}

func (r *running) startControllers(layer context.Context, group *sync.WaitGroup) error {
	if !r.plane.DisableScheduler {
		scheduler, err := r.plane.StartScheduler(layer)
		if err != nil {
			return err
		}
		r.watch(group, scheduler)
	}
	if !r.plane.DisableControllerManager {
		manager, err := r.plane.StartControllerManager(layer)
		if err != nil {
			return err
		}
		r.watch(group, manager)
	}
	return nil
}

func (r *running) startNode() {
	layer, group := r.layer()
	settings := r.settings.node
	settings.Server = r.local()
	settings.Token = r.users.Word("node")
	r.part(group, func() error { return agent.Run(layer, settings, nil) })
}
