package supervisor

import (
	"crypto/tls"
	"crypto/x509"
	stdlog "log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"

	"sophia/tools/k3s/pki"
)

// proxy passes requests on to the API server. Where a certificate says who asks, it speaks for them with the certificate
// that the API server trusts to do so; else what the request brings speaks for itself.
type proxy struct {
	known, unknown way
}

// way is one kind of connection to the API server: an upgraded one needs HTTP/1.1.
type way struct{ plain, upgraded *httputil.ReverseProxy }

func newProxy(dir pki.Dir, server string) (*proxy, error) {
	target, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(dir.TLS("server-ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	pair, err := tls.LoadX509KeyPair(dir.TLS("client-auth-proxy.crt"), dir.TLS("client-auth-proxy.key"))
	if err != nil {
		return nil, err
	}
	return &proxy{
		known:   newWay(target, &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}),
		unknown: newWay(target, &tls.Config{RootCAs: pool}),
	}, nil
}

func newWay(target *url.URL, config *tls.Config) way {
	plain := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute}
	old := config.Clone()
	old.NextProtos = []string{"http/1.1"}
	upgraded := &http.Transport{TLSClientConfig: old, IdleConnTimeout: time.Minute}
	return way{newReverse(target, plain), newReverse(target, upgraded)}
}

func newReverse(target *url.URL, transport *http.Transport) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.Out.URL.Scheme, request.Out.URL.Host = target.Scheme, target.Host
			request.Out.Host = request.In.Host
			request.SetXForwarded()
		},
		Transport:     transport,
		FlushInterval: -1,
		ErrorLog:      stdlog.New(handshakes{}, "", 0),
		ErrorHandler: func(response http.ResponseWriter, request *http.Request, err error) {
			if request.Context().Err() == nil {
				refuse(response, http.StatusServiceUnavailable, "apiserver not ready: "+err.Error())
			}
		},
	}
}

func (p *proxy) pass(response http.ResponseWriter, request *http.Request, asking user) {
	for name := range request.Header {
		if strings.HasPrefix(name, "X-Remote-") {
			request.Header.Del(name)
		}
	}
	way := p.unknown
	if asking.name != "" {
		way = p.known
		request.Header.Set("X-Remote-User", asking.name)
		request.Header["X-Remote-Group"] = asking.groups
		request.Header.Del("Authorization")
	}
	if request.Header.Get("Upgrade") != "" {
		way.upgraded.ServeHTTP(response, request)
		return
	}
	way.plain.ServeHTTP(response, request)
}
