package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
)

const (
	metadataPath = "/.well-known/oauth-protected-resource"
	clientHeader = "X-Sophia-Client"
	// Codes of MCP 2026-07-28 and of JSON-RPC 2.0.
	unsupportedProtocol = -32022
	headerMismatch      = -32020
	invalidRequest      = -32600
)

type gateway struct {
	config  Config
	issuers *issuers
	allowed atomic.Int64
	refused atomic.Int64
}

func handler(config Config, issuers *issuers) http.Handler {
	g := &gateway{config: config, issuers: issuers}
	paths := http.NewServeMux()
	paths.HandleFunc("/auth", g.auth)
	paths.HandleFunc("GET "+metadataPath+"/", g.metadata)
	for _, path := range []string{"/health", "/ready"} {
		paths.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	}
	paths.HandleFunc("GET /metrics", g.metrics)
	return paths
}

// auth answers Traefik: 200 lets the request through, anything else is the client's answer.
func (g *gateway) auth(w http.ResponseWriter, r *http.Request) {
	// What is left unread of the body would end the connection.
	defer io.Copy(io.Discard, r.Body)
	target, err := url.ParseRequestURI(r.Header.Get("X-Forwarded-Uri"))
	if err != nil {
		g.refuse(w, http.StatusForbidden, invalidRequest, "the gateway was not told what is asked for")
		return
	}
	resource, known := g.config.Resources[target.Path]
	if !known {
		g.refuse(w, http.StatusNotFound, invalidRequest, "there is no such resource")
		return
	}
	subject := "anonymous"
	if !resource.Open {
		token, given := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !given {
			g.challenge(w, resource, http.StatusUnauthorized, "", "a bearer token for this resource is needed")
			return
		}
		who, err := g.issuers.check(r.Context(), token, resource.URL)
		if err != nil {
			log.Printf("%s: %v", resource.Name, err)
			g.challenge(w, resource, http.StatusUnauthorized, "invalid_token", "the token is not one for this resource, or has ended")
			return
		}
		if missing := who.lacks(resource.Scopes); missing != "" {
			g.challenge(w, resource, http.StatusForbidden, "insufficient_scope", "the token lacks the scope "+missing)
			return
		}
		subject = who.subject
	}
	if r.Header.Get("X-Forwarded-Method") == http.MethodPost {
		// The body comes along for its size alone, which Traefik does not say.
		size, _ := io.Copy(io.Discard, io.LimitReader(r.Body, resource.BodyLimit+1))
		if status, code, why := request(resource, r.Header, size); status != 0 {
			g.refuse(w, status, code, why)
			return
		}
	}
	g.allowed.Add(1)
	w.Header().Set(clientHeader, subject)
	w.WriteHeader(http.StatusOK)
}

// request returns why a request is refused, from its headers and its size; a status of 0 lets it through.
func request(resource Resource, headers http.Header, size int64) (status, code int, why string) {
	if size > resource.BodyLimit {
		return http.StatusRequestEntityTooLarge, invalidRequest, fmt.Sprintf("a body has at most %d bytes here", resource.BodyLimit)
	}
	if resource.Protocol == "" {
		return 0, 0, ""
	}
	if spoken := headers.Get("MCP-Protocol-Version"); spoken != resource.Protocol {
		return http.StatusBadRequest, unsupportedProtocol, "only clients of MCP " + resource.Protocol + " are served here"
	}
	method, name := headers.Get("Mcp-Method"), headers.Get("Mcp-Name")
	if method == "" {
		return http.StatusBadRequest, headerMismatch, "the header Mcp-Method is missing"
	}
	if method == "tools/call" && resource.Tools != nil && !slices.Contains(resource.Tools, name) {
		return http.StatusForbidden, invalidRequest, fmt.Sprintf("the tool %q may not be called here", name)
	}
	return 0, 0, ""
}

// challenge says how to get a token that would be let through (RFC 6750, section 3; RFC 9728, section 5.1).
func (g *gateway) challenge(w http.ResponseWriter, resource Resource, status int, problem, why string) {
	parameters := []string{fmt.Sprintf("resource_metadata=%q", metadataURL(resource))}
	if len(resource.Scopes) > 0 {
		parameters = append(parameters, fmt.Sprintf("scope=%q", strings.Join(resource.Scopes, " ")))
	}
	if problem != "" {
		parameters = append([]string{fmt.Sprintf("error=%q", problem)}, parameters...)
	}
	w.Header().Set("WWW-Authenticate", "Bearer "+strings.Join(parameters, ", "))
	g.refuse(w, status, invalidRequest, why)
}

func (g *gateway) refuse(w http.ResponseWriter, status, code int, why string) {
	g.refused.Add(1)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": nil, "error": map[string]any{"code": code, "message": why}})
}

func metadataURL(resource Resource) string {
	place, _ := url.Parse(resource.URL)
	place.Path = metadataPath + place.Path
	return place.String()
}

// metadata is what a client must know of a resource before it has a token (RFC 9728, section 2).
func (g *gateway) metadata(w http.ResponseWriter, r *http.Request) {
	resource, known := g.config.Resources[strings.TrimPrefix(r.URL.Path, metadataPath)]
	if !known || resource.Open {
		http.NotFound(w, r)
		return
	}
	servers := []string{}
	for _, issuer := range g.config.Issuers {
		servers = append(servers, issuer.URL)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{
		"resource":                 resource.URL,
		"resource_name":            resource.Name,
		"authorization_servers":    servers,
		"scopes_supported":         resource.Scopes,
		"bearer_methods_supported": []string{"header"},
	})
}

func (g *gateway) metrics(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "# TYPE mcp_gateway_decisions_total counter\n")
	fmt.Fprintf(w, "mcp_gateway_decisions_total{decision=\"allowed\"} %d\n", g.allowed.Load())
	fmt.Fprintf(w, "mcp_gateway_decisions_total{decision=\"refused\"} %d\n", g.refused.Load())
}
