// The platform's egress-proxy: the one way from a workload to names outside of the cluster, with an allow-list for each
// (NetworkPolicies know addresses, and no names). It decides by Smokescreen, from one file, which the catalog writes.
//
// As `egress-proxy probe` it tries connections from where it runs, and tells what became of them: the gate runs it
// where a server's policies bind.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stripe/smokescreen/pkg/smokescreen/metrics"
	"golang.org/x/sync/errgroup"
)

const (
	file     = "/etc/egress-proxy/egress.json"
	own      = "8080"
	attempts = "EGRESS_ATTEMPTS"
	patience = 10 * time.Second
	// binding is how long policies may take to bind a pod.
	binding = 30 * time.Second
)

func main() {
	if len(os.Args) > 1 {
		if os.Args[1] != "probe" || len(os.Args) > 2 {
			log.Fatalf("usage: %s [probe]; probe reads its attempts from %s", os.Args[0], attempts)
		}
		if err := probe(os.Getenv(attempts), binding, os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	if err := serve(); err != nil {
		log.Fatal(err)
	}
}

func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	config, err := readConfig(file)
	if err != nil {
		return err
	}
	told := logrus.New()
	told.SetFormatter(&logrus.JSONFormatter{})
	// What is asked about the proxy itself is answered at a port where nothing is forwarded.
	well := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }
	http.HandleFunc("GET /health", well)
	http.HandleFunc("GET /ready", well)
	counted, err := metrics.NewPrometheusMetricsClient("/metrics", own, "")
	if err != nil {
		return err
	}
	forward, err := proxy(config, counted, told)
	if err != nil {
		return err
	}
	running, ctx := errgroup.WithContext(ctx)
	for _, client := range config.Clients {
		listen(ctx, running, fmt.Sprintf(":%d", client.Port), forward)
	}
	told.Infof("serving %d clients", len(config.Clients))
	return running.Wait()
}

func listen(ctx context.Context, running *errgroup.Group, address string, handler http.Handler) {
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: patience, BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) }}
	running.Go(func() error {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	running.Go(func() error {
		<-ctx.Done()
		soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		return server.Shutdown(soon)
	})
}
