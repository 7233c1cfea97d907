package servicelb

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"

	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/log"
	"sophia/tools/k3s/supervisor"
)

// dialLimit is how long a pod behind a Service may take to answer a connection.
const dialLimit = 3 * time.Second

// Light leads the ports of Services to their pods where the node's own pod for it is said to run and does not.
type Light struct {
	API *kubeapi.Client
	// Node is this machine's node.
	Node string

	lock  sync.Mutex
	ports map[int]*front
}

// front is one port that is held.
type front struct {
	listener net.Listener
	lock     sync.Mutex
	backends []string
}

// Run holds the ports until the context ends.
func (l *Light) Run(ctx context.Context) {
	l.ports = map[int]*front{}
	defer func() {
		for _, one := range l.ports {
			one.listener.Close()
		}
	}()
	kubeapi.Follow(ctx, "Ports of Services on this light node", interval, l.once)
}

func (l *Light) once(ctx context.Context) error {
	services, err := balanced(ctx, l.API)
	if err != nil {
		return err
	}
	wanted := map[int]bool{}
	for _, one := range services {
		here, err := l.scheduled(ctx, one)
		if err != nil {
			return err
		}
		if !here {
			continue
		}
		for _, p := range one.Spec.Ports {
			backends, err := l.backends(ctx, one, p)
			if err != nil {
				return err
			}
			if p.Protocol == "TCP" {
				wanted[p.Port] = true
				if err := l.hold(p.Port, backends); err != nil {
					return err
				}
			}
		}
	}
	for number, one := range l.ports {
		if !wanted[number] {
			one.listener.Close()
			delete(l.ports, number)
		}
	}
	return nil
}

// scheduled tells whether this node has a pod for a Service.
func (l *Light) scheduled(ctx context.Context, one service) (bool, error) {
	var pods struct{ Items []any }
	query := fmt.Sprintf("/api/v1/pods?fieldSelector=spec.nodeName=%s&labelSelector=%s=%s,%s=%s",
		l.Node, svcName, one.Metadata.Name, svcSpace, one.Metadata.Namespace)
	err := l.API.Get(ctx, query, &pods)
	return len(pods.Items) > 0, err
}

// backends are the addresses of the ready pods behind a port.
func (l *Light) backends(ctx context.Context, one service, p port) ([]string, error) {
	var slices struct {
		Items []struct {
			Endpoints []struct {
				Addresses  []string
				Conditions struct{ Ready *bool }
			}
			Ports []struct {
				Name string
				Port int
			}
		}
	}
	query := fmt.Sprintf("/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices?labelSelector=kubernetes.io/service-name=%s",
		one.Metadata.Namespace, one.Metadata.Name)
	if err := l.API.Get(ctx, query, &slices); err != nil {
		return nil, err
	}
	var found []string
	for _, slice := range slices.Items {
		for _, served := range slice.Ports {
			if served.Name != p.Name {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
					for _, address := range endpoint.Addresses {
						found = append(found, net.JoinHostPort(address, strconv.Itoa(served.Port)))
					}
				}
			}
		}
	}
	return found, nil
}

func (l *Light) hold(number int, backends []string) error {
	one, held := l.ports[number]
	if !held {
		listener, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(number)))
		if err != nil {
			return err
		}
		one = &front{listener: listener}
		l.ports[number] = one
		go one.serve()
		log.Info("Port %d of this light node leads to pods of other nodes", number)
	}
	one.lock.Lock()
	one.backends = backends
	one.lock.Unlock()
	return nil
}

func (f *front) serve() {
	for {
		connection, err := f.listener.Accept()
		if err != nil {
			return
		}
		go f.lead(connection)
	}
}

// lead passes a connection on to one of the pods; when one does not answer, to the next.
func (f *front) lead(connection net.Conn) {
	defer connection.Close()
	f.lock.Lock()
	backends := append([]string(nil), f.backends...)
	f.lock.Unlock()
	rand.Shuffle(len(backends), func(i, j int) { backends[i], backends[j] = backends[j], backends[i] })
	for _, backend := range backends {
		target, err := net.DialTimeout("tcp", backend, dialLimit)
		if err != nil {
			continue
		}
		supervisor.Join(connection, bufio.NewReader(connection), target)
		return
	}
}
