// What runs in the rehearsal in the place of an image that is not built yet: it serves the port and the probes that the
// pods of workloads have, and ends as a well-behaved server does.
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
)

// patience is how long requests may take that are under way when the pod is asked to stop; the kubelet's own patience
// ends later, with a kill.
const patience = 25 * time.Second

func main() {
	port := os.Getenv("SERVICE_PORT")
	if port == "" {
		log.Fatal("SERVICE_PORT is not set: it names the port to serve")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", net.JoinHostPort("", port))
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(ctx, listener, answers(os.Getenv("SERVICE_NAME"))); err != nil {
		log.Fatal(err)
	}
}

// serve answers until the context ends, and then until the last request under way has its answer.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: patience}
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		soon, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		ended <- server.Shutdown(soon)
	}()
	log.Printf("serving %s", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

// answers are the server's name and what probes and Prometheus ask for; any other path is unknown, so that a probe of
// another path fails here as it would there.
func answers(name string) http.Handler {
	paths := http.NewServeMux()
	paths.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, name) })
	for _, path := range []string{"/health", "/ready"} {
		paths.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	}
	paths.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE service_up gauge\nservice_up{service=%q} 1\n", name)
	})
	return paths
}
