package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

func started(t *testing.T, handler http.Handler) (string, context.CancelFunc, chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, handler) }()
	return "http://" + listener.Addr().String(), cancel, ended
}

func TestProbesAreAnsweredAndOtherPathsAreNot(t *testing.T) {
	address, _, _ := started(t, answers("linear"))
	for path, wanted := range map[string]int{"/": 200, "/health": 200, "/ready": 200, "/metrics": 200, "/healthz": 404} {
		answer, err := http.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != wanted {
			t.Errorf("%s answers %d instead of %d", path, answer.StatusCode, wanted)
		}
	}
}

func TestTheServersNameIsTold(t *testing.T) {
	address, _, _ := started(t, answers("linear"))
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if told, _ := io.ReadAll(answer.Body); string(told) != "linear\n" {
		t.Errorf("told %q", told)
	}
}

func TestARequestUnderWayIsAnsweredBeforeTheEnd(t *testing.T) {
	begun, resume := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-resume
		io.WriteString(w, "done")
	})
	address, cancel, ended := started(t, slow)
	answered := make(chan string, 1)
	go func() {
		answer, err := http.Get(address)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer answer.Body.Close()
		told, _ := io.ReadAll(answer.Body)
		answered <- string(told)
	}()
	<-begun
	cancel()
	time.Sleep(100 * time.Millisecond)
	close(resume)
	if told := <-answered; told != "done" {
		t.Errorf("the request that was under way was answered with %q", told)
	}
	if err := <-ended; err != nil {
		t.Errorf("the end is not clean: %v", err)
	}
}
