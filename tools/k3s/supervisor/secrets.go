package supervisor

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"sophia/tools/k3s/log"
	"sophia/tools/k3s/token"
)

// rotate gives the server another word: in the file of passwords, in the file `token`, and in the datastore.
func (s *Supervisor) rotate(response http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodPut {
		refuse(response, http.StatusMethodNotAllowed, "method not allowed")
		return
	}
	var wish struct {
		NewToken *string `json:"newToken"`
	}
	if err := json.NewDecoder(request.Body).Decode(&wish); err != nil || wish.NewToken == nil {
		refuse(response, http.StatusBadRequest, "newToken is missing")
		return
	}
	old := s.Users.Word("server")
	word, err := s.Users.Rotate(*wish.NewToken, s.AgentsOwnToken)
	if err == nil {
		err = errors.Join(
			token.Write(filepath.Join(string(s.Dir), "token"), "server", word, s.Dir.TLS("server-ca.crt")),
			s.Rotated(request.Context(), old, word),
		)
	}
	if err != nil {
		log.Error("token error ID 00001: %v", err)
		refuse(response, http.StatusInternalServerError, "token error ID 00001")
		return
	}
}

// encryption tells whether Secrets are encrypted, and by which key.
func (s *Supervisor) encryption(response http.ResponseWriter, _ *http.Request) {
	type status struct {
		Stage        string   `json:"stage"`
		ActiveKey    string   `json:"activekey"`
		Enable       *bool    `json:"enable,omitempty"`
		HashMatch    bool     `json:"hashmatch,omitempty"`
		InactiveKeys []string `json:"inactivekeys,omitempty"`
	}
	data, err := os.ReadFile(s.Dir.Encryption())
	if errors.Is(err, os.ErrNotExist) {
		reply(response, status{})
		return
	}
	type keys struct{ Keys []struct{ Name string } }
	var config struct {
		Resources []struct {
			Providers []struct {
				AESCBC    *keys
				Secretbox *keys
				Identity  *struct{}
			}
		}
	}
	if err != nil || json.Unmarshal(data, &config) != nil || len(config.Resources) == 0 {
		refuse(response, http.StatusInternalServerError, "secret-encrypt error ID 00001")
		return
	}
	enabled := true
	result := status{HashMatch: true, Enable: &enabled, Stage: "start"}
	if state, err := os.ReadFile(s.Dir.Cred("encryption-state.json")); err == nil {
		result.Stage, _, _ = strings.Cut(string(state), "-")
	}
	var names []string
	for i, provider := range config.Resources[0].Providers {
		if provider.Identity != nil && i == 0 {
			enabled = false
		}
		for kind, keys := range map[string]*keys{"AES-CBC": provider.AESCBC, "XSalsa20-POLY1305": provider.Secretbox} {
			if keys == nil {
				continue
			}
			for _, key := range keys.Keys {
				names = append(names, kind+" "+key.Name)
			}
		}
	}
	if len(names) > 0 {
		result.ActiveKey, result.InactiveKeys = names[0], names[1:]
	}
	reply(response, result)
}
