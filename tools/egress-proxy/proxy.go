package main

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stripe/smokescreen/pkg/smokescreen"
	acl "github.com/stripe/smokescreen/pkg/smokescreen/acl/v1"
	"github.com/stripe/smokescreen/pkg/smokescreen/conntrack"
	"github.com/stripe/smokescreen/pkg/smokescreen/metrics"
)

// idle is after how long without a byte a connection ends; a stream of a server may be silent for minutes.
const idle = 10 * time.Minute

// proxy returns what decides and forwards, for all ports.
//
// Who asks is told by the port that it came in by. Names are resolved here, and addresses of networks that are nobody's
// business outside are refused whatever name they have, which Smokescreen does by itself; allowed are ranges of
// such addresses that are let through all the same.
func proxy(config Config, counted metrics.MetricsClientInterface, log *logrus.Logger, allowed ...string) (http.Handler, error) {
	rules := &acl.ACL{Rules: map[string]acl.Rule{}, Logger: log}
	names := map[int]string{}
	for _, client := range config.Clients {
		names[client.Port] = client.Name
		hosts := map[int][]string{}
		for _, destination := range client.Destinations {
			for _, port := range destination.Ports {
				hosts[port] = append(hosts[port], destination.Hosts...)
			}
		}
		for port, globs := range hosts {
			rule := acl.Rule{Project: client.Name, Policy: acl.Enforce, DomainGlobs: globs}
			if err := rules.Add(role(client.Name, port), rule); err != nil {
				return nil, err
			}
		}
	}
	made := smokescreen.NewConfig()
	made.Log = log
	made.MetricsClient = counted
	made.EgressACL = rules
	made.Network = "ip4"
	made.IdleTimeout = idle
	made.ReadTimeout, made.WriteTimeout = idle, idle
	made.RoleFromRequest = func(request *http.Request) (string, error) { return roleOf(request, names) }
	if err := made.SetAllowRanges(allowed); err != nil {
		return nil, err
	}
	if err := made.Validate(); err != nil {
		return nil, err
	}
	if err := made.InitializeSelfConnectionDetection(); err != nil {
		return nil, err
	}
	made.ShuttingDown.Store(false)
	made.ConnTracker = conntrack.NewTracker(idle, counted, log, made.ShuttingDown, nil)
	return smokescreen.BuildProxy(made), nil
}

// role is what Smokescreen's rules are found by: its own know names, and no ports.
func role(client string, port int) string {
	return fmt.Sprintf("%s to port %d", client, port)
}

func roleOf(request *http.Request, names map[int]string) (string, error) {
	local, known := request.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !known {
		return "", fmt.Errorf("a request without the address that it came in by")
	}
	name, known := names[local.Port]
	if !known {
		return "", fmt.Errorf("port %d is nobody's", local.Port)
	}
	_, asked, err := net.SplitHostPort(request.Host)
	if err != nil { // a plain request, by http://
		asked = request.URL.Port()
	}
	if asked == "" {
		asked = "80"
	}
	port, err := strconv.Atoi(asked)
	if err != nil {
		return "", fmt.Errorf("port %q is no number", asked)
	}
	return role(name, port), nil
}
