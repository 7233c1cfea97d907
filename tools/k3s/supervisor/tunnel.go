package supervisor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"sophia/tools/k3s/log"
)

// Refusal is how an agent's answer begins that leads nowhere.
const Refusal = "ERR "

const (
	tunnelProtocol = "k3s-tunnel"
	tunnelWait     = 2 * time.Second
)

// tunnels are the connections that agents hold open, so that the API server reaches their kubelets without a way in: the
// firewall of a node may be closed to it. An agent opens a new one when one is taken.
type tunnels struct {
	lock sync.Mutex
	idle map[string]chan net.Conn
	// nodeOf names the node whose pods have an address; it names none where tunnels lead to kubelets alone.
	nodeOf func(address string) string
}

func newTunnels(nodeOf func(address string) string) *tunnels {
	return &tunnels{idle: map[string]chan net.Conn{}, nodeOf: nodeOf}
}

// of returns the connections that lead to an address: by the names that its node gave.
func (t *tunnels) of(host string) chan net.Conn {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.idle[host]
}

// connect takes a connection of an agent.
func (t *tunnels) connect(response http.ResponseWriter, request *http.Request) {
	name, _ := strings.CutPrefix(userOf(request).name, "system:node:")
	hijacker, can := response.(http.Hijacker)
	if !can || request.Header.Get("Upgrade") != tunnelProtocol {
		refuse(response, http.StatusBadRequest, "an upgrade to "+tunnelProtocol+" is expected")
		return
	}
	connection, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", tunnelProtocol)
	t.lock.Lock()
	ways, known := t.idle[name]
	if !known {
		ways = make(chan net.Conn, 8)
		log.Info("Tunnel server egress proxy connected to node %s", name)
	}
	for _, host := range append(strings.Split(request.Header.Get("k3s-Node-IP"), ","), name) {
		if host != "" {
			t.idle[host] = ways
		}
	}
	t.lock.Unlock()
	select {
	case ways <- connection:
	default: // those of before may all be dead: the newest is kept
		select {
		case old := <-ways:
			old.Close()
		default:
		}
		select {
		case ways <- connection:
		default:
			connection.Close()
		}
	}
}

// dial serves the API server's egress: CONNECT to a kubelet goes through its agent's tunnel, that to a pod too where the
// mode of egress says so, and anything else directly.
func (t *tunnels) dial(response http.ResponseWriter, request *http.Request) {
	target, err := t.open(request.Host)
	if err != nil {
		refuse(response, http.StatusServiceUnavailable, err.Error())
		return
	}
	hijacker, can := response.(http.Hijacker)
	if !can {
		target.Close()
		refuse(response, http.StatusBadRequest, "CONNECT needs HTTP/1.1")
		return
	}
	connection, buffered, err := hijacker.Hijack()
	if err != nil {
		target.Close()
		return
	}
	io.WriteString(connection, "HTTP/1.1 200 OK\r\n\r\n")
	Join(connection, buffered.Reader, target)
}

func (t *tunnels) open(address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	ways, target := t.of(host), "127.0.0.1:"+port
	if ways == nil || port != "10250" {
		ways, target = t.of(t.nodeOf(host)), address
	}
	if ways == nil {
		return net.DialTimeout("tcp", address, 10*time.Second)
	}
	deadline := time.After(tunnelWait)
	for {
		select {
		case way := <-ways:
			way.SetDeadline(time.Now().Add(tunnelWait))
			if _, err := fmt.Fprintf(way, "CONNECT %s\n", target); err == nil {
				// The agent answers, so that a connection that died unnoticed is not taken for a kubelet.
				answer, err := readLine(way)
				if err == nil && answer == "OK" {
					way.SetDeadline(time.Time{})
					return way, nil
				}
				if refused, is := strings.CutPrefix(answer, Refusal); err == nil && is {
					way.Close()
					return nil, errors.New(refused)
				}
			}
			way.Close()
		case <-deadline:
			return net.DialTimeout("tcp", address, 10*time.Second)
		}
	}
}

// nodeOf names the node whose pods have an address, where the API server reaches pods through tunnels: K3s' modes of
// egress pod and cluster. Nodes are asked for each time: the API server keeps its connections.
func (s *Supervisor) nodeOf(address string) string {
	pod, err := netip.ParseAddr(address)
	api := s.api.Load()
	if err != nil || api == nil || !s.AgentConfig.TunneledPods().Contains(pod) {
		return ""
	}
	var nodes struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct{ PodCIDR string }
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), tunnelWait)
	defer cancel()
	if err := api.Get(ctx, "/api/v1/nodes?resourceVersion=0", &nodes); err != nil {
		log.Warn("The node of the pod %s cannot be found: %v", address, err)
		return ""
	}
	for _, node := range nodes.Items {
		if own, err := netip.ParsePrefix(node.Spec.PodCIDR); err == nil && own.Contains(pod) {
			return node.Metadata.Name
		}
	}
	return ""
}

// readLine reads byte by byte: what follows the line is not this protocol's.
func readLine(connection net.Conn) (string, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) < 256 {
		if _, err := connection.Read(one); err != nil {
			return "", err
		}
		if one[0] == '\n' {
			return string(line), nil
		}
		line = append(line, one[0])
	}
	return "", io.ErrUnexpectedEOF
}

// Join passes bytes both ways until one side ends. What was read from the first ahead of time is in its buffer.
func Join(first net.Conn, buffered *bufio.Reader, second net.Conn) {
	done := make(chan struct{}, 2)
	pass := func(to net.Conn, from io.Reader) {
		io.Copy(to, from)
		if half, can := to.(interface{ CloseWrite() error }); can {
			half.CloseWrite()
		}
		done <- struct{}{}
	}
	go pass(second, buffered)
	go pass(first, second)
	<-done
	<-done
	first.Close()
	second.Close()
}
