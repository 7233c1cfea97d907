package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sophia/tools/k3s/log"
	"sophia/tools/k3s/supervisor"
)

const complaints = 10 * time.Second

// balancer passes connections of this machine on to a server of the cluster, so that nothing on the machine has to know
// which servers there are.
type balancer struct {
	file     string
	fallback string

	lock    sync.Mutex
	servers []string
	told    time.Time
}

// state is kept in a file, so that a restart finds the servers while the first one is away.
type state struct {
	ServerURL       string
	ServerAddresses []string
}

// startBalancer listens on a port of loopback until the context ends.
func startBalancer(ctx context.Context, folder string, server *url.URL, port string) (*balancer, error) {
	fallback := server.Host
	if server.Port() == "" {
		fallback = net.JoinHostPort(server.Hostname(), "443")
	}
	b := &balancer{file: filepath.Join(folder, "etc", "k3s-agent-load-balancer.json"), fallback: fallback}
	var kept state
	if data, err := os.ReadFile(b.file); err == nil && json.Unmarshal(data, &kept) == nil && kept.ServerURL == "https://"+fallback {
		b.servers = kept.ServerAddresses
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, err
	}
	log.Info("Running load balancer k3s-agent-load-balancer 127.0.0.1:%s -> %v [default: %s]", port, b.servers, fallback)
	go func() {
		<-ctx.Done()
		listener.Close()
	}()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go b.pass(connection)
		}
	}()
	return b, nil
}

// update takes the servers that the cluster has now.
func (b *balancer) update(servers []string) error {
	b.lock.Lock()
	defer b.lock.Unlock()
	if slices.Equal(b.servers, servers) {
		return nil
	}
	b.servers = servers
	data, err := json.MarshalIndent(state{"https://" + b.fallback, servers}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(b.file, data, 0o600)
}

func (b *balancer) pass(connection net.Conn) {
	server, err := b.dial()
	if err != nil {
		connection.Close()
		return
	}
	supervisor.Join(connection, bufio.NewReader(connection), server)
}

// dial tries the servers in order, and the one that the agent was told last.
func (b *balancer) dial() (net.Conn, error) {
	b.lock.Lock()
	servers := slices.Clone(b.servers)
	b.lock.Unlock()
	if !slices.Contains(servers, b.fallback) {
		servers = append(servers, b.fallback)
	}
	var last error
	for _, server := range servers {
		connection, err := net.DialTimeout("tcp", server, 5*time.Second)
		if err == nil {
			return connection, nil
		}
		last = err
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	if time.Since(b.told) > complaints {
		b.told = time.Now()
		log.Error("Load balancer k3s-agent-load-balancer has no server that answers: %v", last)
	}
	return nil, last
}
