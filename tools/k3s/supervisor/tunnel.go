package supervisor

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"sophia/tools/k3s/log"
)

const (
	tunnelProtocol = "k3s-tunnel"
	tunnelWait     = 2 * time.Second
)

// tunnels are the connections that agents hold open, so that the API server reaches their kubelets without a way in: the
// firewall of a node may be closed to it. An agent opens a new one when one is taken.
type tunnels struct {
	lock sync.Mutex
	idle map[string]chan net.Conn
}

func newTunnels() *tunnels { return &tunnels{idle: map[string]chan net.Conn{}} }

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

// dial serves the API server's egress: CONNECT to a kubelet goes through its agent's tunnel, and anything else directly.
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
	ways := t.of(host)
	if ways == nil || port != "10250" {
		return net.DialTimeout("tcp", address, 10*time.Second)
	}
	deadline := time.After(tunnelWait)
	for {
		select {
		case way := <-ways:
			way.SetDeadline(time.Now().Add(tunnelWait))
			if _, err := fmt.Fprintf(way, "CONNECT 127.0.0.1:%s\n", port); err == nil {
				// The agent answers, so that a connection that died unnoticed is not taken for a kubelet.
				if answer, err := readLine(way); err == nil && answer == "OK" {
					way.SetDeadline(time.Time{})
					return way, nil
				}
			}
			way.Close()
		case <-deadline:
			return net.DialTimeout("tcp", address, 10*time.Second)
		}
	}
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
