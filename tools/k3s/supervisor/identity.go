package supervisor

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"slices"

	"sophia/tools/k3s/log"
)

// user is who asks.
type user struct {
	name   string
	groups []string
}

type userKey struct{}

func userOf(request *http.Request) user {
	asking, _ := request.Context().Value(userKey{}).(user)
	return asking
}

// clientAuthority knows the certificates of this cluster's users.
type clientAuthority struct{ pool *x509.CertPool }

func newClientAuthority(path string) (*clientAuthority, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return &clientAuthority{pool}, nil
}

// user returns whom the request's certificate names, or nobody where it has none of this authority.
func (c *clientAuthority) user(request *http.Request) user {
	if request.TLS == nil || len(request.TLS.PeerCertificates) == 0 {
		return user{}
	}
	between := x509.NewCertPool()
	for _, certificate := range request.TLS.PeerCertificates[1:] {
		between.AddCert(certificate)
	}
	certificate := request.TLS.PeerCertificates[0]
	options := x509.VerifyOptions{Roots: c.pool, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if _, err := certificate.Verify(options); err != nil {
		return user{}
	}
	return user{certificate.Subject.CommonName, certificate.Subject.Organization}
}

// only lets members of groups in, known by a password or a certificate.
func (s *Supervisor) only(handler http.HandlerFunc, groups ...string) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		asking, known := s.identify(request)
		if !known {
			log.Error("Failed to authenticate request from %s: invalid username/password combination", request.RemoteAddr)
			refuse(response, http.StatusUnauthorized, "not authorized")
			return
		}
		if !slices.ContainsFunc(asking.groups, func(group string) bool { return slices.Contains(groups, group) }) {
			refuse(response, http.StatusForbidden, "forbidden")
			return
		}
		handler(response, request.WithContext(context.WithValue(request.Context(), userKey{}, asking)))
	})
}

func (s *Supervisor) identify(request *http.Request) (user, bool) {
	if asking := s.client.user(request); asking.name != "" {
		return asking, true
	}
	if name, word, given := request.BasicAuth(); given {
		if group := s.Users.Group(name, word); group != "" {
			return user{name, []string{group}}, true
		}
	}
	return user{}, false
}
