// The platform's mcp-gateway: what Traefik asks before it lets a request through to a server (forward-auth), and what clients
// must know to be let through (RFC 9728).
//
// It decides by headers and by the size of the body, which it never looks into: who the token is for, which tool is called. What it must know of servers and of issuers of tokens is in one file, which the catalog writes.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	address  = ":8080"
	file     = "/etc/mcp-gateway/gateway.json"
	patience = 10 * time.Second
)

func main() {
	if len(os.Args) > 1 {
		log.Fatalf("%s takes no arguments: %s says everything", os.Args[0], file)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	config, err := readConfig(file)
	if err != nil {
		log.Fatal(err)
	}
	issuers, err := newIssuers(config.Issuers)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: address, Handler: handler(config, issuers), ReadHeaderTimeout: patience}
	go func() {
		<-ctx.Done()
		soon, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		server.Shutdown(soon)
	}()
	log.Printf("serving %s for %d resources", address, len(config.Resources))
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
