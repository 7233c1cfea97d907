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
}

// Outcome is what became of it.
type Outcome struct {
	Attempt
	Connected bool `json:"connected"`
	// Answer is why not, in the words of the proxy or of the system.
	Answer string `json:"answer"`
	// Address is what was dialled, once its name was resolved: a connection that has none was not kept from anywhere.
	Address string `json:"address,omitempty"`
	// Status is the proxy's, where it was asked.
	Status int `json:"status,omitempty"`
}

// patient is how long one attempt may take: what is dropped, and not refused, answers never.
const patient = 5 * time.Second

// probe tries all at once and writes their outcomes in the same order, as one JSON document.
func probe(asked string, out io.Writer) error {
	var attempts []Attempt
	if err := json.Unmarshal([]byte(asked), &attempts); err != nil {
		return fmt.Errorf("the attempts are no JSON: %w", err)
	}
	outcomes := make([]Outcome, len(attempts))
	var all sync.WaitGroup
	for i, attempt := range attempts {
		all.Go(func() { outcomes[i] = tried(attempt) })
	}
	all.Wait()
	return json.NewEncoder(out).Encode(outcomes)
}

func tried(attempt Attempt) Outcome {
	outcome := Outcome{Attempt: attempt}
	first := attempt.To
	if attempt.Via != "" {
		via, err := url.Parse(attempt.Via)
		if err != nil {
			outcome.Answer = err.Error()
			return outcome
		}
		first = via.Host
	}
	resolved, err := net.ResolveTCPAddr("tcp4", first)
	if err != nil {
		outcome.Answer = err.Error()
		return outcome
	}
	outcome.Address = resolved.String()
	conn, err := net.DialTimeout("tcp4", outcome.Address, patient)
	if err != nil {
		outcome.Answer = err.Error()
		return outcome
	}
	defer conn.Close()
	if attempt.Via == "" {
		outcome.Connected, outcome.Answer = true, "connected to "+outcome.Address
		return outcome
	}
	outcome.Status, outcome.Answer, err = tunnelled(conn, attempt)
	if err != nil {
		outcome.Answer = err.Error()
	}
	outcome.Connected = outcome.Status == http.StatusOK
	return outcome
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
