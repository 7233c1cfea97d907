package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
)

const fetchLimit = 5 * time.Second

// algorithms are those of asymmetric keys: none that the keys of an issuer could be confused with.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}

// errUntrusted is a token that proves nothing.
var errUntrusted = errors.New("the token is not valid here")

// issuers check tokens.
type issuers struct {
	byURL map[string]*issuer
}

type issuer struct {
	Issuer
	keys oidc.KeySet
}

// caller is who a token belongs to.
type caller struct {
	subject string
	scopes  []string
}

func newIssuers(given []Issuer) (*issuers, error) {
	found := &issuers{map[string]*issuer{}}
	for _, one := range given {
		client, err := clientOf(one)
		if err != nil {
			return nil, err
		}
		// Keys are fetched when the first token comes, and again when one is signed by a key that is not known.
		keys := oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), client), one.Keys)
		found.byURL[one.URL] = &issuer{one, keys}
	}
	return found, nil
}

// clientOf reaches an issuer as it asks to be reached.
func clientOf(one Issuer) (*http.Client, error) {
	transport := &http.Transport{TLSHandshakeTimeout: fetchLimit, Proxy: http.ProxyFromEnvironment}
	if one.Authority != "" {
		content, err := os.ReadFile(one.Authority)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("%s holds no certificate", one.Authority)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: &credited{transport, one.Credential}, Timeout: fetchLimit}, nil
}

// credited shows a credential with every request; its file is read each time, because it is renewed.
type credited struct {
	next http.RoundTripper
	file string
}

func (c *credited) RoundTrip(request *http.Request) (*http.Response, error) {
	if c.file == "" {
		return c.next.RoundTrip(request)
	}
	content, err := os.ReadFile(c.file)
	if err != nil {
		return nil, err
	}
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(content)))
	return c.next.RoundTrip(request)
}

// check returns whose token it is, when one of the issuers signed it for the resource and it has not ended.
func (i *issuers) check(ctx context.Context, token, resource string) (caller, error) {
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		return caller{}, errUntrusted
	}
	named, _ := parsed.Claims.GetIssuer()
	from, known := i.byURL[named]
	if !known {
		return caller{}, errUntrusted
	}
	verifier := oidc.NewVerifier(from.URL, from.keys, &oidc.Config{ClientID: resource, SupportedSigningAlgs: algorithms})
	verified, err := verifier.Verify(ctx, token)
	if err != nil {
		return caller{}, fmt.Errorf("%w: %w", errUntrusted, err)
	}
	if from.Grants != nil {
		return caller{verified.Subject, from.Grants[verified.Subject]}, nil
	}
	var claims struct {
		Scope string `json:"scope"`
	}
	if err := verified.Claims(&claims); err != nil {
		return caller{}, errUntrusted
	}
	return caller{verified.Subject, strings.Fields(claims.Scope)}, nil
}

// lacks returns the first scope that a caller needs and has not.
func (c caller) lacks(scopes []string) string {
	for _, scope := range scopes {
		if !slices.Contains(c.scopes, scope) {
			return scope
		}
	}
	return ""
}
