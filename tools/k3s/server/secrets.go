package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"sophia/tools/k3s/log"
	"sophia/tools/k3s/pki"
	"sophia/tools/k3s/token"
)

// secrets makes the server's words, certificates and kubeconfigs, and keeps in the datastore what is not made twice.
func (s *settings) secrets(ctx context.Context) (*token.Users, error) {
	if word, err := s.word(); err != nil {
		return nil, err
	} else if word != "" {
		if err := s.etcd.CheckBootstrap(ctx, word); err != nil {
			return nil, err
		}
	}
	users, err := token.Ensure(s.dir.Cred("passwd"), s.token, s.agentToken)
	if err != nil {
		return nil, err
	}
	if err := pki.EnsureServer(s.dir, s.pki); err != nil {
		return nil, err
	}
	if err := s.writeTokens(users); err != nil {
		return nil, err
	}
	if err := s.writeKubeconfig(); err != nil {
		return nil, err
	}
	return users, s.etcd.SaveBootstrap(ctx, users.Word("server"))
}

// word is the server's secret as far as it is known before the datastore was asked.
func (s *settings) word() (string, error) {
	text := s.token
	if text == "" {
		data, err := os.ReadFile(filepath.Join(string(s.dir), "token"))
		if errors.Is(err, os.ErrNotExist) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		text = string(trimmed(data))
	}
	parsed, err := token.Parse(text)
	return parsed.Word, err
}

// writeTokens makes the files that people and provisioners read tokens from; where agents have no word of their own, theirs is
// a link to the server's.
func (s *settings) writeTokens(users *token.Users) error {
	authority := s.dir.TLS("server-ca.crt")
	own := filepath.Join(string(s.dir), "token")
	if err := token.Write(own, "server", users.Word("server"), authority); err != nil {
		return err
	}
	log.Info("Server node token is available at %s", own)
	if err := link(own, filepath.Join(string(s.dir), "node-token")); err != nil {
		return err
	}
	agents := filepath.Join(string(s.dir), "agent-token")
	if s.agentToken == "" {
		return link(own, agents)
	}
	if err := os.RemoveAll(agents); err != nil {
		return err
	}
	log.Info("Agent node token is available at %s", agents)
	return token.Write(agents, "node", users.Word("node"), authority)
}

// etcdCertificates are needed before the datastore can be asked whether the server's other secrets are its own.
func (s *settings) etcdCertificates() error { return pki.Etcd(s.dir, s.pki) }

func link(target, path string) error {
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return os.Symlink(target, path)
}

func trimmed(data []byte) []byte {
	for len(data) > 0 && (data[len(data)-1] == '\n' || data[len(data)-1] == ' ') {
		data = data[:len(data)-1]
	}
	return data
}

func contains(list []string, one string) bool { return slices.Contains(list, one) }
