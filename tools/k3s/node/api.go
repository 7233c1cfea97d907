package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

const (
	strategicMerge = "application/strategic-merge-patch+json"
	mergePatch     = "application/merge-patch+json"
	requestLimit   = 15 * time.Second
)

// api speaks to the API server with the credential of a kubeconfig.
type api struct {
	server string
	client *http.Client
}

// refusal is an answer of the API server that is no success.
type refusal struct {
	Code    int
	Message string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the API server answers %d: %s", r.Code, r.Message)
}

// isCode tells whether the API server refused with this code.
func isCode(err error, code int) bool {
	var refused *refusal
	return errors.As(err, &refused) && refused.Code == code
}

// kubeconfig is what this package reads of one: its first cluster and its first user.
type kubeconfig struct {
	Clusters []struct {
		Cluster struct {
			Server string `yaml:"server"`
			CA     string `yaml:"certificate-authority"`
			CAData string `yaml:"certificate-authority-data"`
		} `yaml:"cluster"`
	} `yaml:"clusters"`
	Users []struct {
		User struct {
			Cert     string `yaml:"client-certificate"`
			CertData string `yaml:"client-certificate-data"`
			Key      string `yaml:"client-key"`
			KeyData  string `yaml:"client-key-data"`
		} `yaml:"user"`
	} `yaml:"users"`
}

// newAPI reads a kubeconfig.
func newAPI(path string) (*api, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var config kubeconfig
	if err := yaml.Unmarshal(content, &config); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(config.Clusters) == 0 || len(config.Users) == 0 {
		return nil, fmt.Errorf("%s: names no cluster or no user", path)
	}
	cluster, user := config.Clusters[0].Cluster, config.Users[0].User
	var pems [3][]byte
	for i, from := range [][2]string{{cluster.CA, cluster.CAData}, {user.Cert, user.CertData}, {user.Key, user.KeyData}} {
		if pems[i], err = material(from[0], from[1]); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pems[0]) {
		return nil, fmt.Errorf("%s: its certificate authority is no certificate", path)
	}
	pair, err := tls.X509KeyPair(pems[1], pems[2])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: requestLimit,
	}
	return &api{strings.TrimSuffix(cluster.Server, "/"), &http.Client{Transport: transport}}, nil
}

func material(path, data string) ([]byte, error) {
	if data != "" {
		return base64.StdEncoding.DecodeString(data)
	}
	return os.ReadFile(path)
}

// get reads an object into result.
func (a *api) get(ctx context.Context, path string, result any) error {
	return a.call(ctx, http.MethodGet, path, "", nil, result)
}

// post makes an object.
func (a *api) post(ctx context.Context, path string, object any) error {
	return a.call(ctx, http.MethodPost, path, "application/json", object, nil)
}

// patch changes an object.
func (a *api) patch(ctx context.Context, path, kind string, change any) error {
	return a.call(ctx, http.MethodPatch, path, kind, change, nil)
}

func (a *api) call(ctx context.Context, method, path, kind string, body, result any) error {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	response, err := a.send(ctx, method, path, kind, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if result == nil {
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	return json.NewDecoder(response.Body).Decode(result)
}

// send returns the answer to a request, whose body the caller closes; a refusal is an error.
func (a *api) send(ctx context.Context, method, path, kind string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.server+path, content)
	if err != nil {
		return nil, err
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 300 {
		return response, nil
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 64*1024))
	var status struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(text, &status) != nil || status.Message == "" {
		status.Message = strings.TrimSpace(string(text))
	}
	return nil, &refusal{response.StatusCode, status.Message}
}
