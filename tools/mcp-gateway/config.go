package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// Config is the file that the catalog writes.
type Config struct {
	// Issuers are whose tokens are taken.
	Issuers []Issuer `json:"issuers"`
	// Resources are what is exposed, by path.
	Resources map[string]Resource `json:"resources"`
}

// Issuer signs tokens, and publishes its keys as OpenID Connect Discovery 1.0 says.
type Issuer struct {
	// URL is what its tokens say of who issued them.
	URL string `json:"url"`
	// Authority is a file with the certificates that it is trusted by, or empty for those of the system.
	Authority string `json:"authority,omitempty"`
	// Credential is a file with a token of our own that it asks for before it shows its keys, or empty.
	Credential string `json:"credential,omitempty"`
	// Keys is the URL of its keys, where they are not to be had where its discovery says.
	Keys string `json:"keys,omitempty"`
	// Grants are the scopes of its subjects, for an issuer whose tokens hold none; absent, the token's own are taken.
	Grants map[string][]string `json:"grants,omitempty"`
}

// Resource is one exposed server.
type Resource struct {
	// URL is the resource itself, which tokens must be for (RFC 8707).
	URL string `json:"url"`
	// Name is for people.
	Name string `json:"name"`
	// Open lets everybody in.
	Open bool `json:"open,omitempty"`
	// Scopes must all be in a token.
	Scopes []string `json:"scopes"`
	// BodyLimit is how many bytes a request may have.
	BodyLimit int64 `json:"body_limit"`
	// Protocol is the one revision of MCP that is let through, or empty for all.
	Protocol string `json:"protocol,omitempty"`
	// Tools are those that may be called, where the gateway decides that; it needs Protocol, because clients of older
	// revisions do not name the tool in a header.
	Tools []string `json:"tools,omitempty"`
}

func readConfig(path string) (Config, error) {
	var config Config
	content, err := os.ReadFile(path)
	if err != nil {
		return config, err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return config, fmt.Errorf("%s: %w", path, err)
	}
	for path, resource := range config.Resources {
		if len(resource.Tools) > 0 && resource.Protocol == "" {
			return config, fmt.Errorf("%s: tools are decided by a header that only one protocol demands, and none is set", path)
		}
	}
	return config, nil
}
