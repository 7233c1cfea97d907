package supervisor

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"sophia/tools/k3s/pki"
)

func (s *Supervisor) servingKubelet(response http.ResponseWriter, request *http.Request) {
	name, code, err := s.passwords.validate(request)
	if err != nil {
		refuse(response, code, err.Error())
		return
	}
	sans := []string{name, "localhost", "127.0.0.1"}
	for address := range strings.SplitSeq(request.Header.Get("k3s-Node-IP"), ",") {
		if address == "" {
			continue
		}
		if net.ParseIP(address) == nil {
			refuse(response, http.StatusInternalServerError, "invalid node IP address "+address)
			return
		}
		sans = append(sans, address)
	}
	s.sign(response, request, "server-ca", "serving-kubelet.key", pki.Leaf{Name: name, Usages: pki.Server, SANs: sans})
}

func (s *Supervisor) clientKubelet(response http.ResponseWriter, request *http.Request) {
	name, code, err := s.passwords.validate(request)
	if err != nil {
		refuse(response, code, err.Error())
		return
	}
	leaf := pki.Leaf{Name: "system:node:" + name, Groups: []string{"system:nodes"}, Usages: pki.Client}
	s.sign(response, request, "client-ca", "client-kubelet.key", leaf)
}

// clientOf signs for a user that all nodes share.
func (s *Supervisor) clientOf(name string) http.HandlerFunc {
	key := strings.Replace(name, "system:", "client-", 1) + ".key"
	return func(response http.ResponseWriter, request *http.Request) {
		s.sign(response, request, "client-ca", key, pki.Leaf{Name: name, Usages: pki.Client})
	}
}

// sign answers with a certificate for the key of the request. One who sends no request for it gets the server's key too, as
// old agents of K3s do.
func (s *Supervisor) sign(response http.ResponseWriter, request *http.Request, authority, keyFile string, leaf pki.Leaf) {
	signer, err := pki.ReadAuthority(s.Dir.TLS(authority+".crt"), s.Dir.TLS(authority+".key"))
	if err != nil {
		refuse(response, http.StatusInternalServerError, err.Error())
		return
	}
	public, shared, err := s.key(request, s.Dir.TLS(keyFile))
	if err != nil {
		refuse(response, http.StatusInternalServerError, err.Error())
		return
	}
	signed, err := signer.Sign(leaf, public)
	if err != nil {
		refuse(response, http.StatusInternalServerError, err.Error())
		return
	}
	response.Write(append(signed, shared...))
}

func (s *Supervisor) key(request *http.Request, path string) (crypto.PublicKey, []byte, error) {
	if request.Method == http.MethodPost {
		data, err := io.ReadAll(io.LimitReader(request.Body, 64*1024))
		if err != nil {
			return nil, nil, err
		}
		wish, err := x509.ParseCertificateRequest(data)
		if err != nil {
			return nil, nil, err
		}
		if err := wish.CheckSignature(); err != nil {
			return nil, nil, fmt.Errorf("certificate request: %w", err)
		}
		return wish.PublicKey, nil, nil
	}
	key, err := pki.EnsureKey(path)
	if err != nil {
		return nil, nil, err
	}
	data, err := os.ReadFile(path)
	return key.Public(), data, err
}
