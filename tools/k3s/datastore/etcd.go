// Package datastore runs the embedded etcd of a server, and reads and writes the little that K3s keeps in it itself.
package datastore

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sophia/tools/k3s/child"
	"sophia/tools/k3s/controlplane/flags"
	"sophia/tools/k3s/pki"
)

// Client is the address that the API server and K3s itself speak to.
const Client = "https://127.0.0.1:2379"

// Etcd is one member, which is the whole cluster.
type Etcd struct {
	// Dir is K3s' folder `server`.
	Dir pki.Dir
	// Program is the etcd program, and Utility is etcdutl.
	Program string
	Utility string
	// Name is the member's; K3s takes the node's name.
	Name string
	// Address is the node's own, which members of other servers would use.
	Address string
	// Arguments are `flag=value` of etcd-arg.
	Arguments []string

	http *http.Client
}

// Data is the member's folder.
func (e *Etcd) Data() string { return filepath.Join(string(e.Dir), "db", "etcd") }

// Exists tells whether the member has ever run.
func (e *Etcd) Exists() bool {
	_, err := os.Stat(filepath.Join(e.Data(), "member", "wal"))
	return err == nil
}

// Start runs the member until the context ends. Alone, it listens on loopback only.
func (e *Etcd) Start(ctx context.Context, alone bool) (*child.Child, error) {
	if err := os.MkdirAll(e.Data(), 0o700); err != nil {
		return nil, err
	}
	client, peer := Client, "https://127.0.0.1:2380"
	advertised := "https://" + e.Address + ":2379"
	if !alone && e.Address != "127.0.0.1" {
		client += "," + advertised
		peer += "," + e.peer()
	}
	if alone {
		advertised = Client
	}
	own := map[string]string{
		"name":                        e.Name,
		"data-dir":                    e.Data(),
		"listen-client-urls":          client,
		"advertise-client-urls":       advertised,
		"client-cert-auth":            "true",
		"trusted-ca-file":             e.Dir.TLS("etcd/server-ca.crt"),
		"cert-file":                   e.Dir.TLS("etcd/server-client.crt"),
		"key-file":                    e.Dir.TLS("etcd/server-client.key"),
		"listen-peer-urls":            peer,
		"initial-advertise-peer-urls": e.peer(),
		"initial-cluster":             e.Name + "=" + e.peer(),
		"peer-client-cert-auth":       "true",
		"peer-trusted-ca-file":        e.Dir.TLS("etcd/peer-ca.crt"),
		"peer-cert-file":              e.Dir.TLS("etcd/peer-server-client.crt"),
		"peer-key-file":               e.Dir.TLS("etcd/peer-server-client.key"),
		"listen-metrics-urls":         "http://127.0.0.1:2381",
		"snapshot-count":              "10000",
		// One member elects itself: no other one's silence has to be waited for.
		"heartbeat-interval": "20",
		"election-timeout":   "200",
		// A rehearsal survives a crash of its programs, not of the machine's power.
		"unsafe-no-fsync":                "true",
		"watch-progress-notify-interval": "5s",
		"log-level":                      "error",
	}
	if alone {
		own["force-new-cluster"] = "true"
	}
	return child.Start(ctx, child.Spec{Name: "etcd", Path: e.Program, Grace: 10 * time.Second, Args: flags.Merge(own, e.Arguments)})
}

func (e *Etcd) peer() string { return "https://" + e.Address + ":2380" }

// Wait returns when the member answers, or is gone.
func (e *Etcd) Wait(ctx context.Context, member *child.Child) error {
	client, err := e.client()
	if err != nil {
		return err
	}
	for {
		response, err := client.Get(Client + "/health")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-member.Done():
			return member.Wait()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Pair is a key and its value.
type Pair struct {
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
}

// Prefix returns all pairs whose key begins so.
func (e *Etcd) Prefix(ctx context.Context, prefix string) ([]Pair, error) {
	end := []byte(prefix)
	end[len(end)-1]++
	var answer struct{ Kvs []Pair }
	err := e.post(ctx, "/v3/kv/range", map[string]any{"key": []byte(prefix), "range_end": end}, &answer)
	return answer.Kvs, err
}

// Put writes one pair.
func (e *Etcd) Put(ctx context.Context, key string, value []byte) error {
	return e.post(ctx, "/v3/kv/put", map[string]any{"key": []byte(key), "value": value}, nil)
}

// Remove takes one pair away.
func (e *Etcd) Remove(ctx context.Context, key string) error {
	return e.post(ctx, "/v3/kv/deleterange", map[string]any{"key": []byte(key)}, nil)
}

// post speaks JSON to etcd's own gateway.
func (e *Etcd) post(ctx context.Context, path string, body, into any) error {
	client, err := e.client()
	if err != nil {
		return err
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, Client+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd %s: %s: %s", path, response.Status, strings.TrimSpace(string(answer)))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

func (e *Etcd) client() (*http.Client, error) {
	if e.http != nil {
		return e.http, nil
	}
	authority, err := os.ReadFile(e.Dir.TLS("etcd/server-ca.crt"))
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(e.Dir.TLS("etcd/client.crt"), e.Dir.TLS("etcd/client.key"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, errors.New("etcd/server-ca.crt holds no certificate")
	}
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true,
	}
	e.http = &http.Client{Transport: transport}
	return e.http, nil
}
