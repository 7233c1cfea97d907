package agent

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"sophia/tools/k3s/pki"
	"sophia/tools/k3s/token"
)

// access speaks to a server's supervisor: with this node's certificate where it has one, and with the token.
type access struct {
	url       string
	token     token.Token
	authority []byte
	certFile  string
	keyFile   string
}

// authorityOf asks a server for its authority, and takes it if it signs the server's certificate and is the token's.
func authorityOf(ctx context.Context, server string, joining token.Token) ([]byte, error) {
	blind := &http.Client{Timeout: 10 * time.Second, Transport: transport(&tls.Config{InsecureSkipVerify: true})}
	authority, err := body(ctx, blind, server+"/cacerts")
	if err != nil {
		return nil, fmt.Errorf("failed to get CA certs: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	seeing := &http.Client{Timeout: 10 * time.Second, Transport: transport(&tls.Config{RootCAs: pool})}
	if _, err := body(ctx, seeing, server+"/cacerts"); err != nil {
		return nil, fmt.Errorf("CA cert validation failed: %w", err)
	}
	return authority, joining.Check(authority)
}

func body(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}

func transport(config *tls.Config) *http.Transport {
	return &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
}

// tls is how the supervisor is spoken to; the certificate is absent until the node has one, or when it must not be used.
func (a *access) tls(certified bool) *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(a.authority)
	config := &tls.Config{RootCAs: pool}
	if pair, err := tls.LoadX509KeyPair(a.certFile, a.keyFile); certified && err == nil {
		config.Certificates = []tls.Certificate{pair}
	}
	return config
}

// get reads a path of the supervisor.
func (a *access) get(ctx context.Context, path string, into any) error {
	data, err := a.ask(ctx, http.MethodGet, path, nil, nil, true)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// errRefused is an answer that is no success.
type errRefused struct {
	code    int
	message string
}

func (e *errRefused) Error() string { return e.message }

func (a *access) ask(ctx context.Context, method, path string, data []byte, headers map[string]string, certified bool) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if a.token.Word != "" {
		request.SetBasicAuth("node", a.token.Word)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: transport(a.tls(certified))}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return answer, nil
	}
	return nil, &errRefused{response.StatusCode, fmt.Sprintf("%s: %s", a.url+path, response.Status)}
}

// certificate makes a key on this machine unless it has one, and has the server sign a certificate for it. With headers, the
// certificate is of this node alone; a node that is gone from the cluster joins with the token again.
func (a *access) certificate(ctx context.Context, path, certFile, keyFile string, headers map[string]string) error {
	key, err := pki.EnsureKey(keyFile)
	if err != nil {
		return err
	}
	if _, fits := key.(*ecdsa.PrivateKey); !fits {
		return fmt.Errorf("%s holds no ECDSA key", keyFile)
	}
	wish, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return err
	}
	signed, err := a.ask(ctx, http.MethodPost, path, wish, headers, true)
	var refused *errRefused
	if headers != nil && errors.As(err, &refused) && refused.code == http.StatusUnauthorized {
		signed, err = a.ask(ctx, http.MethodPost, path, wish, headers, false)
	}
	if headers != nil && errors.As(err, &refused) && refused.code == http.StatusForbidden {
		return fmt.Errorf("Node password rejected, duplicate hostname or contents of '%s' may not match server node-passwd entry, "+
			"try enabling a unique node name with the --with-node-id flag", passwordFile())
	}
	if err != nil {
		return err
	}
	return os.WriteFile(certFile, signed, 0o600)
}
