package agent

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"sophia/tools/k3s/supervisor"
)

const (
	tunnels      = 2
	tunnelHeader = "k3s-tunnel"
)

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// tunnel keeps ways open from the server to this machine's kubelet and to pods of some addresses, until the context ends.
func (s Settings) tunnel(ctx context.Context, a *access, pods netip.Prefix) {
	for range tunnels {
		go func() {
			for ctx.Err() == nil {
				if err := s.way(ctx, a, pods); err != nil {
					pause(ctx)
				}
			}
		}()
	}
}

// way opens one connection and returns when it is in use, so that the next one is opened.
func (s Settings) way(ctx context.Context, a *access, pods netip.Prefix) error {
	server, err := url.Parse(a.url)
	if err != nil {
		return err
	}
	config := a.tls(true)
	config.NextProtos = []string{"http/1.1"}
	config.ServerName = server.Hostname()
	connection, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", server.Host)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { connection.Close() })
	defer stop()
	request, err := http.NewRequest(http.MethodGet, a.url+"/v1-k3s/connect", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", tunnelHeader)
	request.Header.Set("k3s-Node-IP", strings.Join(s.addresses(), ","))
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	if err := request.Write(connection); err != nil {
		connection.Close()
		return err
	}
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, request)
	if err == nil && response.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("the server opens no tunnel: %s", response.Status)
	}
	if err != nil {
		connection.Close()
		return err
	}
	connection.SetDeadline(time.Time{})
	line, err := reader.ReadString('\n')
	if err != nil {
		connection.Close()
		return err
	}
	go serve(connection, reader, strings.TrimSpace(strings.TrimPrefix(line, "CONNECT ")), pods)
	return nil
}

// serve leads a way to a port of this machine's loopback, or to a pod: nothing else is reached through a tunnel.
func serve(connection net.Conn, reader *bufio.Reader, address string, pods netip.Prefix) {
	place, err := netip.ParseAddrPort(address)
	if err == nil && place.Addr() != loopback && !pods.Contains(place.Addr()) {
		err = fmt.Errorf("%s is not reached through a tunnel", address)
	}
	var target net.Conn
	if err == nil {
		target, err = net.DialTimeout("tcp", address, 5*time.Second)
	}
	if err != nil {
		fmt.Fprintf(connection, "%s%v\n", supervisor.Refusal, err)
		connection.Close()
		return
	}
	if _, err := io.WriteString(connection, "OK\n"); err != nil {
		target.Close()
		connection.Close()
		return
	}
	supervisor.Join(connection, reader, target)
}
