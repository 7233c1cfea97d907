package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"sophia/tools/k3s/log"
	"sophia/tools/k3s/snapshots"
	"sophia/tools/k3s/token"
)

// supervision is how a command on a server's machine speaks to the server: as the server itself, by its token.
type supervision struct {
	url, dataDir string
}

// options reads what all of these commands take.
func options(name string, arguments []string, more func(*flag.FlagSet)) (supervision, []string, error) {
	var s supervision
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, alias := range []string{"data-dir", "d"} {
		set.StringVar(&s.dataDir, alias, "/var/lib/rancher/k3s", "")
	}
	for _, alias := range []string{"server", "s", "etcd-server"} {
		set.StringVar(&s.url, alias, "https://127.0.0.1:6443", "")
	}
	if more != nil {
		more(set)
	}
	err := set.Parse(arguments)
	return s, set.Args(), err
}

func (s supervision) ask(ctx context.Context, method, path string, body, into any) error {
	folder := filepath.Join(s.dataDir, "server")
	text, err := os.ReadFile(filepath.Join(folder, "token"))
	if err != nil {
		return err
	}
	own, err := token.Parse(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(filepath.Join(folder, "tls", "server-ca.crt"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.SetBasicAuth("server", own.Word)
	client := &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("see server log for details: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("see server log for details: %s: %s %s", s.url+path, response.Status, strings.TrimSpace(string(answer)))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

func etcdSnapshot(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("etcd-snapshot needs one of save, delete, ls")
	}
	action, rest := arguments[0], arguments[1:]
	var name, output string
	s, left, err := options("etcd-snapshot", rest, func(set *flag.FlagSet) {
		set.StringVar(&name, "name", "on-demand", "")
		for _, alias := range []string{"output", "o"} {
			set.StringVar(&output, alias, "", "")
		}
	})
	if err != nil {
		return err
	}
	switch action {
	case "save":
		var result snapshots.Result
		request := snapshots.Request{Operation: "save", Name: []string{name}}
		if err := s.ask(ctx, http.MethodPost, "/db/snapshot", request, &result); err != nil {
			return err
		}
		for _, created := range result.Created {
			log.Info("Snapshot %s saved.", created)
		}
	case "delete":
		var result snapshots.Result
		request := snapshots.Request{Operation: "delete", Name: left}
		if err := s.ask(ctx, http.MethodPost, "/db/snapshot", request, &result); err != nil {
			return err
		}
		for _, deleted := range result.Deleted {
			log.Info("Snapshot %s deleted.", deleted)
		}
	case "ls", "list", "l":
		var files []snapshots.File
		if err := s.ask(ctx, http.MethodPost, "/db/snapshot", snapshots.Request{Operation: "list"}, &files); err != nil {
			return err
		}
		return printSnapshots(files, output)
	default:
		return fmt.Errorf("etcd-snapshot has no command %s", action)
	}
	return nil
}

func printSnapshots(files []snapshots.File, output string) error {
	if output == "json" {
		return json.NewEncoder(os.Stdout).Encode(files)
	}
	writer := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprint(writer, "Name\tLocation\tSize\tCreated\n")
	for _, file := range files {
		fmt.Fprintf(writer, "%s\t%s\t%d\t%s\n", file.Name, file.Location, file.Size, file.Created.Format(time.RFC3339))
	}
	return writer.Flush()
}

func secretsEncrypt(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 || arguments[0] != "status" {
		return errors.New("the rehearsal's k3s has secrets-encrypt status alone")
	}
	var output string
	s, _, err := options("secrets-encrypt", arguments[1:], func(set *flag.FlagSet) {
		for _, alias := range []string{"output", "o"} {
			set.StringVar(&output, alias, "", "")
		}
	})
	if err != nil {
		return err
	}
	var status struct {
		Stage        string   `json:"stage"`
		ActiveKey    string   `json:"activekey"`
		Enable       *bool    `json:"enable,omitempty"`
		HashMatch    bool     `json:"hashmatch,omitempty"`
		InactiveKeys []string `json:"inactivekeys,omitempty"`
	}
	if err := s.ask(ctx, http.MethodGet, "/v1-k3s/encrypt/status", nil, &status); err != nil {
		return err
	}
	if output == "json" {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "\t")
		return encoder.Encode(status)
	}
	if status.Enable == nil {
		fmt.Println("Encryption Status: Disabled, no configuration file found")
		return nil
	}
	word := map[bool]string{true: "Enabled", false: "Disabled"}[*status.Enable]
	fmt.Printf("Encryption Status: %s\nCurrent Rotation Stage: %s\nServer Encryption Hashes: All hashes match\n\n", word, status.Stage)
	writer := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(writer, "Active\tKey Type\tName\n------\t--------\t----\n")
	for i, key := range append([]string{status.ActiveKey}, status.InactiveKeys...) {
		kind, name, _ := strings.Cut(key, " ")
		mark := ""
		if i == 0 {
			mark = " *"
		}
		fmt.Fprintf(writer, "%s\t%s\t%s\n", mark, kind, name)
	}
	return writer.Flush()
}

// rotateToken gives the server another token; where none is named, the server makes one up.
func rotateToken(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 || arguments[0] != "rotate" {
		return errors.New("the rehearsal's k3s has token rotate alone")
	}
	var word string
	s, _, err := options("token", arguments[1:], func(set *flag.FlagSet) { set.StringVar(&word, "new-token", "", "") })
	if err != nil {
		return err
	}
	if err := s.ask(ctx, http.MethodPut, "/v1-k3s/token", map[string]string{"newToken": word}, nil); err != nil {
		return err
	}
	fmt.Println("Token rotated, restart k3s nodes with new token")
	return nil
}
