// Package kubeapi speaks to the API server: a few verbs over HTTPS with a client certificate.
package kubeapi

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
	"net/url"
	"os"
	"strings"
	"time"
)

// Object is any object of the API.
type Object map[string]any

// Client is one user of an API server.
type Client struct {
	server string
	agent  string
	http   *http.Client

	discovered *resources
}

// New returns a client of a server; agent is what audit events and field managers tell it by.
func New(server, authorityFile, certFile, keyFile, agent string) (*Client, error) {
	authority, err := os.ReadFile(authorityFile)
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     time.Minute,
	}
	return &Client{server: server, agent: agent, http: &http.Client{Transport: transport}, discovered: &resources{known: map[string]resource{}}}, nil
}

// StatusError is an answer that is no success.
type StatusError struct {
	Code    int
	Message string
}

func (e *StatusError) Error() string { return e.Message }

// IsNotFound tells whether an error says that there is no such object, or no such resource.
func IsNotFound(err error) bool { return hasCode(err, http.StatusNotFound) }

// IsConflict tells whether an error says that the object is there already, or is another by now.
func IsConflict(err error) bool { return hasCode(err, http.StatusConflict) }

// IsUnavailable tells whether an error says that the API server does not answer yet.
func IsUnavailable(err error) bool { return hasCode(err, http.StatusServiceUnavailable) }

func hasCode(err error, code int) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Code == code
}

// Get reads a path.
func (c *Client) Get(ctx context.Context, path string, into any) error {
	return c.do(ctx, http.MethodGet, path, "", nil, into)
}

// Create makes an object in a collection.
func (c *Client) Create(ctx context.Context, path string, object any) error {
	return c.do(ctx, http.MethodPost, path, "application/json", object, nil)
}

// Replace puts an object in the place of the one that was read.
func (c *Client) Replace(ctx context.Context, path string, object any) error {
	return c.do(ctx, http.MethodPut, path, "application/json", object, nil)
}

// Merge changes the named fields of an object.
func (c *Client) Merge(ctx context.Context, path string, object any) error {
	return c.do(ctx, http.MethodPatch, path, "application/merge-patch+json", object, nil)
}

// Apply makes the fields of an object be this client's.
func (c *Client) Apply(ctx context.Context, path string, object any) error {
	query := url.Values{"fieldManager": {c.agent}, "force": {"true"}}
	return c.do(ctx, http.MethodPatch, path+"?"+query.Encode(), "application/apply-patch+yaml", object, nil)
}

// Delete takes an object away; that it is not there is no error.
func (c *Client) Delete(ctx context.Context, path string) error {
	err := c.do(ctx, http.MethodDelete, path, "", nil, nil)
	if IsNotFound(err) {
		return nil
	}
	return err
}

// Watch calls back for every event of a collection until the server or the context ends it.
func (c *Client) Watch(ctx context.Context, path string, event func(kind string, object json.RawMessage)) error {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	response, err := c.request(ctx, http.MethodGet, path+separator+"watch=true", "", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	for {
		var line struct {
			Type   string
			Object json.RawMessage
		}
		if err := decoder.Decode(&line); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if line.Type == "ERROR" {
			return fmt.Errorf("watch %s: %s", path, line.Object)
		}
		event(line.Type, line.Object)
	}
}

func (c *Client) do(ctx context.Context, method, path, kind string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	response, err := c.request(ctx, method, path, kind, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || into == nil {
		return err
	}
	if text, isText := into.(*string); isText {
		*text = string(data)
		return nil
	}
	return json.Unmarshal(data, into)
}

// request returns a success, or an error that holds what the server said.
func (c *Client) request(ctx context.Context, method, path, kind string, body any) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.server+path, reader)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.agent)
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 300 {
		return response, nil
	}
	defer response.Body.Close()
	data, _ := io.ReadAll(io.LimitReader(response.Body, 64*1024))
	var status struct{ Message string }
	if json.Unmarshal(data, &status) != nil || status.Message == "" {
		status.Message = strings.TrimSpace(string(data))
	}
	return nil, &StatusError{response.StatusCode, fmt.Sprintf("%s %s: %s: %s", method, path, response.Status, status.Message)}
}
