package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Attempt is one connection that is tried from where the probe runs.
type Attempt struct {
	// To is host and port.
	To string `json:"to"`
	// Via is the URL of the proxy; without one it is tried directly.
	Via string `json:"via,omitempty"`
	// Until is the end that it shall have. It is tried anew until it does: policies bind a pod some moments after its start.
	Until Ended `json:"until"`
}

// Ended is how a connection ended.
type Ended string

const (
	connected  Ended = "connected"
	refused    Ended = "refused"    // by the proxy
	failed     Ended = "failed"     // the proxy let it through, and it got no farther
	blocked    Ended = "blocked"    // nobody answered, though the name was resolved
	unresolved Ended = "unresolved" // so that nothing is known
)

// Outcome is what became of it in the end.
type Outcome struct {
	Attempt
	Ended Ended `json:"ended"`
	// Answer is why, in the words of the proxy or of the system.
	Answer string `json:"answer"`
}

// patient is how long one attempt may take: what is dropped, and not refused, answers never.
const (
	patient = 5 * time.Second
	pause   = 500 * time.Millisecond
)

// probe tries all at once and writes their outcomes in the same order, as one JSON document.
func probe(asked string, most time.Duration, out io.Writer) error {
	var attempts []Attempt
	if err := json.Unmarshal([]byte(asked), &attempts); err != nil {
		return fmt.Errorf("the attempts are no JSON: %w", err)
	}
	outcomes := make([]Outcome, len(attempts))
	var all sync.WaitGroup
	for i, attempt := range attempts {
		all.Go(func() {
			for until := time.Now().Add(most); ; time.Sleep(pause) {
				outcomes[i] = tried(attempt)
				if outcomes[i].Ended == attempt.Until || time.Now().After(until) {
					return
				}
			}
		})
	}
	all.Wait()
	return json.NewEncoder(out).Encode(outcomes)
}

func tried(attempt Attempt) Outcome {
	ended := func(how Ended, answer string) Outcome { return Outcome{attempt, how, answer} }
	first := attempt.To
	if attempt.Via != "" {
		via, err := url.Parse(attempt.Via)
		if err != nil {
			return ended(unresolved, err.Error())
		}
		first = via.Host
	}
	address, err := net.ResolveTCPAddr("tcp4", first)
	if err != nil {
		return ended(unresolved, err.Error())
	}
	conn, err := net.DialTimeout("tcp4", address.String(), patient)
	if err != nil {
		return ended(blocked, err.Error())
	}
	defer conn.Close()
	if attempt.Via == "" {
		return ended(connected, "connected to "+address.String())
	}
	status, answer, err := tunnelled(conn, attempt)
	switch {
	case err != nil:
		return ended(failed, err.Error())
	case status == http.StatusOK:
		return ended(connected, answer)
	case status == http.StatusProxyAuthRequired: // what Smokescreen says to whoever may not
		return ended(refused, answer)
	}
	return ended(failed, fmt.Sprintf("%d: %s", status, answer))
}

// tunnelled asks a proxy for a tunnel: not by http.Transport, which keeps what the proxy said to itself.
func tunnelled(conn net.Conn, attempt Attempt) (int, string, error) {
	conn.SetDeadline(time.Now().Add(patient))
	asked := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: attempt.To}, Host: attempt.To, Header: http.Header{}}
	if err := asked.Write(conn); err != nil {
		return 0, "", err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), asked)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		return answer.StatusCode, "tunnel opened", nil
	}
	said, err := io.ReadAll(io.LimitReader(answer.Body, 1024))
	return answer.StatusCode, string(said), err
}
