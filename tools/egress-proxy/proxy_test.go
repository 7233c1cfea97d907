package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stripe/smokescreen/pkg/smokescreen/metrics"
)

// ground is a proxy with two ports, and a host outside at a port that both may use.
type ground struct {
	github, slack string
	outside       int
}

func portOf(t *testing.T, url string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	var port int
	if _, err := fmt.Sscan(text, &port); err != nil {
		t.Fatal(err)
	}
	return port
}

func laid(t *testing.T, allowed ...string) ground {
	t.Helper()
	outside := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(outside.Close)
	port := portOf(t, outside.URL)
	// The ports have to be known before the proxy is made.
	github, slack := httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil)
	listens := func(server *httptest.Server) int { return server.Listener.Addr().(*net.TCPAddr).Port }
	log := logrus.New()
	log.SetOutput(io.Discard)
	config := Config{Clients: []Client{
		{Name: "github", Port: listens(github), Destinations: []Destination{{Hosts: []string{"localhost"}, Ports: []int{port}}, {Hosts: []string{"example.com"}, Ports: []int{443}}}},
		{Name: "slack", Port: listens(slack), Destinations: []Destination{{Hosts: []string{"*.example.com"}, Ports: []int{443}}}},
	}}
	forward, err := proxy(config, metrics.NewNoOpMetricsClient(), log, allowed...)
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range []*httptest.Server{github, slack} {
		server.Config.Handler = forward
		server.Start()
		t.Cleanup(server.Close)
	}
	return ground{github.URL, slack.URL, port}
}

func outcomes(t *testing.T, attempts ...Attempt) []Outcome {
	t.Helper()
	asked, err := json.Marshal(attempts)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := probe(string(asked), 0, &out); err != nil {
		t.Fatal(err)
	}
	var told []Outcome
	if err := json.Unmarshal(out.Bytes(), &told); err != nil {
		t.Fatal(err)
	}
	return told
}

func TestWhatIsAllowedToAClientIsForwardedAndToAnotherRefused(t *testing.T) {
	g := laid(t, "127.0.0.0/8")
	to := fmt.Sprintf("localhost:%d", g.outside)
	told := outcomes(t, Attempt{To: to, Via: g.github}, Attempt{To: to, Via: g.slack}, Attempt{To: to})
	if told[0].Ended != connected {
		t.Errorf("allowed: %+v", told[0])
	}
	if told[1].Ended != refused || !strings.Contains(told[1].Answer, "denied") {
		t.Errorf("of another client: %+v", told[1])
	}
	if told[2].Ended != connected {
		t.Errorf("directly, where nothing forbids it: %+v", told[2])
	}
}

func TestANameAtAnotherPortIsRefused(t *testing.T) {
	g := laid(t, "127.0.0.0/8")
	told := outcomes(t, Attempt{To: "localhost:443", Via: g.github})
	if told[0].Ended != refused {
		t.Errorf("%+v", told[0])
	}
}

func TestANameThatLeadsIntoPrivateNetworksIsRefusedThoughItIsAllowed(t *testing.T) {
	g := laid(t)
	told := outcomes(t, Attempt{To: fmt.Sprintf("localhost:%d", g.outside), Via: g.github})
	if told[0].Ended != refused || !strings.Contains(told[0].Answer, "127.0.0.1") {
		t.Errorf("%+v", told[0])
	}
}

func TestAnAddressIsNoName(t *testing.T) {
	g := laid(t, "127.0.0.0/8")
	told := outcomes(t, Attempt{To: fmt.Sprintf("127.0.0.1:%d", g.outside), Via: g.github})
	if told[0].Ended != refused {
		t.Errorf("%+v", told[0])
	}
}

func TestWhatIsMisspeltInTheFileIsRefused(t *testing.T) {
	for text, told := range map[string]string{
		`{"clients": [], "client": 1}`: `unknown field "client"`,
		`{"clients": [`:                `EOF`,
	} {
		if _, err := parse(strings.NewReader(text), "egress.json"); err == nil || !strings.Contains(err.Error(), told) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAProxyThatIsNotThereIsAnOutcome(t *testing.T) {
	told := outcomes(t, Attempt{To: "example.com:443", Via: "http://127.0.0.1:1"})
	if told[0].Ended != blocked || !strings.Contains(told[0].Answer, "refused") {
		t.Errorf("%+v", told[0])
	}
}

func TestAnAttemptIsRepeatedUntilItEndsAsItShallAndNoLongerThanAsked(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := listener.Addr().String()
	asked := fmt.Sprintf(`[{"to": %q, "until": "blocked"}]`, to)
	time.AfterFunc(time.Second, func() { listener.Close() })
	for _, told := range []struct {
		most  time.Duration
		ended string
	}{{0, "connected"}, {10 * time.Second, "blocked"}} {
		var out bytes.Buffer
		if err := probe(asked, told.most, &out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), fmt.Sprintf(`"ended":%q`, told.ended)) {
			t.Errorf("within %s: %s", told.most, out.String())
		}
	}
}
