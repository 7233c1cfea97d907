package supervisor

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/pki"
	"sophia/tools/k3s/token"
)

// served is a supervisor before an API server that answers with what it was told of the one who asks.
type served struct {
	dir    pki.Dir
	url    string
	server *Supervisor
}

func serve(t *testing.T) *served {
	t.Helper()
	dir := pki.Dir(t.TempDir())
	settings := pki.Settings{SANs: []string{"127.0.0.1"}, ClusterDomain: "cluster.local", APIServer: "https://127.0.0.1:1"}
	if err := pki.EnsureServer(dir, settings); err != nil {
		t.Fatal(err)
	}
	users, err := token.Ensure(filepath.Join(t.TempDir(), "passwd"), "one", "two")
	if err != nil {
		t.Fatal(err)
	}
	echo := httptest.NewUnstartedServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		speaker := "nobody"
		if len(request.TLS.PeerCertificates) > 0 {
			speaker = request.TLS.PeerCertificates[0].Subject.CommonName
		}
		fmt.Fprintf(response, "%s|%s|%s|%s", speaker, request.Header.Get("X-Remote-User"),
			strings.Join(request.Header.Values("X-Remote-Group"), ","), request.Header.Get("Authorization"))
	}))
	pair, err := tls.LoadX509KeyPair(dir.TLS("serving-kube-apiserver.crt"), dir.TLS("serving-kube-apiserver.key"))
	if err != nil {
		t.Fatal(err)
	}
	echo.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert}
	echo.StartTLS()
	t.Cleanup(echo.Close)
	server, err := New(Settings{
		Dir: dir, Users: users, APIServer: echo.URL, NodeName: "a", APIServers: []string{"192.0.2.1:6443"},
		Snapshot: http.NotFoundHandler(), AgentsOwnToken: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewUnstartedServer(server.handler())
	if front.TLS, err = server.tls(); err != nil {
		t.Fatal(err)
	}
	front.StartTLS()
	t.Cleanup(front.Close)
	return &served{dir, front.URL, server}
}

// ready opens the way to the API server; the client is never used.
func (s *served) ready() { s.server.Ready(&kubeapi.Client{}) }

func (s *served) client(t *testing.T, name string) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	authority, err := os.ReadFile(s.dir.TLS("server-ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	pool.AppendCertsFromPEM(authority)
	config := &tls.Config{RootCAs: pool}
	if name != "" {
		pair, err := tls.LoadX509KeyPair(s.dir.TLS(name+".crt"), s.dir.TLS(name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
}

func ask(t *testing.T, client *http.Client, url string, change func(*http.Request)) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(request)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(data)
}

func forge(request *http.Request) {
	request.Header.Set("X-Remote-User", "system:admin")
	request.Header.Set("X-Remote-Group", "system:masters")
	request.Header.Set("Authorization", "Bearer word")
}

func TestACertificateSpeaksForItsUserAndNobodyElseIsSpokenFor(t *testing.T) {
	s := serve(t)
	s.ready()
	_, body := ask(t, s.client(t, "client-scheduler"), s.url+"/api", forge)
	if body != "system:auth-proxy|system:kube-scheduler||" {
		t.Errorf("the API server is told %s", body)
	}
	_, body = ask(t, s.client(t, "client-admin"), s.url+"/api", nil)
	if body != "system:auth-proxy|system:admin|system:masters|" {
		t.Errorf("the API server is told %s", body)
	}
	_, body = ask(t, s.client(t, ""), s.url+"/api", forge)
	if body != "nobody|||Bearer word" {
		t.Errorf("without a certificate a token speaks for itself, and the API server is told %s", body)
	}
	_, body = ask(t, s.client(t, "client-auth-proxy"), s.url+"/api", forge)
	if body != "nobody|||Bearer word" {
		t.Errorf("a certificate of another authority is nobody's, and the API server is told %s", body)
	}
}

func TestNothingIsPassedOnBeforeTheAPIServerIsReady(t *testing.T) {
	s := serve(t)
	if code, body := ask(t, s.client(t, "client-admin"), s.url+"/api", nil); code != 503 || !strings.Contains(body, "apiserver not ready") {
		t.Errorf("%d %s", code, body)
	}
	if code, body := ask(t, s.client(t, ""), s.url+"/ping", nil); code != 200 || body != "pong" {
		t.Errorf("the supervisor itself answers: %d %s", code, body)
	}
}

func TestAgentsAndServersAreKnownByTheirWordsAlone(t *testing.T) {
	s := serve(t)
	for _, one := range []struct {
		path, user, word string
		code             int
	}{
		{"/v1-k3s/config", "node", "two", 200},
		{"/v1-k3s/config", "node", "one", 401},
		{"/v1-k3s/config", "server", "one", 403},
		{"/v1-k3s/config", "", "", 401},
		{"/v1-k3s/apiservers", "node", "two", 200},
		{"/v1-k3s/encrypt/status", "server", "one", 200},
		{"/v1-k3s/encrypt/status", "node", "two", 403},
		{"/v1-k3s/token", "node", "two", 403},
		{"/db/snapshot", "node", "two", 403},
		{"/cacerts", "", "", 200},
	} {
		code, body := ask(t, s.client(t, ""), s.url+one.path, func(request *http.Request) {
			if one.user != "" {
				request.SetBasicAuth(one.user, one.word)
			}
		})
		if code != one.code {
			t.Errorf("%s as %s:%s is %d, not %d: %s", one.path, one.user, one.word, code, one.code, body)
		}
	}
}

func TestOnlyTheAPIServerGoesThroughTheTunnels(t *testing.T) {
	s := serve(t)
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	go func() {
		for {
			connection, err := target.Accept()
			if err != nil {
				return
			}
			io.WriteString(connection, "hello\n")
			connection.Close()
		}
	}()
	for name, wanted := range map[string]string{"client-kube-apiserver": "200", "client-kube-proxy": "403"} {
		address, _ := url.Parse(s.url)
		config := s.client(t, name).Transport.(*http.Transport).TLSClientConfig
		connection, err := tls.Dial("tcp", address.Host, config)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(connection, "CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n", target.Addr())
		reader := bufio.NewReader(connection)
		status, _ := reader.ReadString('\n')
		if !strings.Contains(status, wanted) {
			t.Errorf("%s gets %s", name, status)
		}
		if wanted == "200" {
			reader.ReadString('\n')
			if line, _ := reader.ReadString('\n'); line != "hello\n" {
				t.Errorf("what the target says comes through, and this is %q", line)
			}
		}
		connection.Close()
	}
}
