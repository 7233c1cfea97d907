package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

const (
	issuerURL = "https://issuer.example"
	github    = "https://mcp.example/mcp/github"
	postgres  = "https://mcp.example/mcp/postgres"
)

var key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)

// served is a gateway whose one issuer publishes key.
func served(t *testing.T) http.Handler {
	t.Helper()
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: oidc.ES256}}})
	}))
	t.Cleanup(keys.Close)
	config := Config{
		Issuers: []Issuer{{URL: issuerURL, Keys: keys.URL, Grants: map[string][]string{"someone": {"mcp"}, "nobody": {}}}},
		Resources: map[string]Resource{
			"/mcp/github":   {URL: github, Name: "GitHub", Scopes: []string{"mcp"}, BodyLimit: 10},
			"/mcp/postgres": {URL: postgres, Name: "PostgreSQL", Scopes: []string{"mcp"}, BodyLimit: 10, Protocol: "2026-07-28", Tools: []string{"list_tables"}},
			"/mcp/open":     {URL: "https://mcp.example/mcp/open", Open: true, BodyLimit: 10},
		},
	}
	issuers, err := newIssuers(config.Issuers)
	if err != nil {
		t.Fatal(err)
	}
	return handler(config, issuers)
}

func token(t *testing.T, subject, audience string, ends time.Duration) string {
	t.Helper()
	made := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": issuerURL, "sub": subject, "aud": audience, "exp": time.Now().Add(ends).Unix(),
	})
	made.Header["kid"] = "1"
	text, err := made.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func ask(handler http.Handler, path, bearer, body string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, "/auth", strings.NewReader(body))
	request.Header.Set("X-Forwarded-Uri", path)
	request.Header.Set("X-Forwarded-Method", http.MethodPost)
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	for index := 0; index < len(headers); index += 2 {
		request.Header.Set(headers[index], headers[index+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

func TestWhoHasATokenForThisResourceIsLetThroughAndNamed(t *testing.T) {
	answer := ask(served(t), "/mcp/github", token(t, "someone", github, time.Minute), "{}")
	if answer.Code != http.StatusOK || answer.Header().Get(clientHeader) != "someone" {
		t.Errorf("%d %v", answer.Code, answer.Header())
	}
}

func TestWhoHasNoneIsToldWhereToGetOne(t *testing.T) {
	answer := ask(served(t), "/mcp/github", "", "{}")
	want := `Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp/github", scope="mcp"`
	if answer.Code != http.StatusUnauthorized || answer.Header().Get("WWW-Authenticate") != want {
		t.Errorf("%d %s", answer.Code, answer.Header().Get("WWW-Authenticate"))
	}
}

func TestATokenThatProvesNothingHereIsRefused(t *testing.T) {
	gateway := served(t)
	for name, bearer := range map[string]string{
		"of another audience": token(t, "someone", postgres, time.Minute),
		"that has ended":      token(t, "someone", github, -time.Minute),
		"that is none":        "x",
		"without a signature": strings.Join(append(strings.Split(token(t, "someone", github, time.Minute), ".")[:2], ""), "."),
	} {
		if answer := ask(gateway, "/mcp/github", bearer, "{}"); answer.Code != http.StatusUnauthorized {
			t.Errorf("a token %s: %d", name, answer.Code)
		}
	}
	if answer := ask(gateway, "/mcp/github", token(t, "nobody", github, time.Minute), "{}"); answer.Code != http.StatusForbidden {
		t.Errorf("a token without the scope: %d", answer.Code)
	}
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	gateway, bearer := served(t), token(t, "someone", github, time.Minute)
	if answer := ask(gateway, "/mcp/github", bearer, "0123456789"); answer.Code != http.StatusOK {
		t.Errorf("at the limit: %d", answer.Code)
	}
	if answer := ask(gateway, "/mcp/github", bearer, "01234567890"); answer.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("above it: %d", answer.Code)
	}
}

func TestToolsAreDecidedByHeadersThatOnlyOneProtocolDemands(t *testing.T) {
	gateway, bearer := served(t), token(t, "someone", postgres, time.Minute)
	modern := []string{"MCP-Protocol-Version", "2026-07-28"}
	for name, one := range map[string]struct {
		headers []string
		code    int
	}{
		"an allowed tool":     {append(modern, "Mcp-Method", "tools/call", "Mcp-Name", "list_tables"), http.StatusOK},
		"another tool":        {append(modern, "Mcp-Method", "tools/call", "Mcp-Name", "execute"), http.StatusForbidden},
		"a tool without name": {append(modern, "Mcp-Method", "tools/call"), http.StatusForbidden},
		"no method":           {modern, http.StatusBadRequest},
		"a list":              {append(modern, "Mcp-Method", "tools/list"), http.StatusOK},
		"an older protocol":   {[]string{"MCP-Protocol-Version", "2025-11-25"}, http.StatusBadRequest},
		"no protocol":         {nil, http.StatusBadRequest},
	} {
		if answer := ask(gateway, "/mcp/postgres", bearer, "{}", one.headers...); answer.Code != one.code {
			t.Errorf("%s: %d, not %d", name, answer.Code, one.code)
		}
	}
}

func TestWhatIsNotExposedIsNotThereAndWhatIsOpenAsksNobody(t *testing.T) {
	gateway := served(t)
	if answer := ask(gateway, "/mcp/other", "", "{}"); answer.Code != http.StatusNotFound {
		t.Errorf("not exposed: %d", answer.Code)
	}
	if answer := ask(gateway, "/mcp/open", "", "{}"); answer.Code != http.StatusOK {
		t.Errorf("open: %d", answer.Code)
	}
}

func TestMetadataIsOfEachResourceItself(t *testing.T) {
	answer := httptest.NewRecorder()
	served(t).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, metadataPath+"/mcp/github", nil))
	var told struct{ Resource string }
	json.Unmarshal(answer.Body.Bytes(), &told)
	if answer.Code != http.StatusOK || told.Resource != github {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}
