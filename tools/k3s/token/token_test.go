package token

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTokensAreReadInEveryForm(t *testing.T) {
	hash := strings.Repeat("a", 64)
	for text, wanted := range map[string]Token{
		"word":                            {Word: "word"},
		"K10" + hash + "::node:word":      {CAHash: hash, User: "node", Word: "word"},
		"K10" + hash + "::server:wo:rd":   {CAHash: hash, User: "server", Word: "wo:rd"},
		"K10::node:word":                  {User: "node", Word: "word"},
		"K10" + hash + "::server:a::b::c": {CAHash: hash, User: "server", Word: "a::b::c"},
	} {
		if parsed, err := Parse(text); err != nil || parsed != wanted {
			t.Errorf("%s is %v, %v", text, parsed, err)
		}
	}
	for text, wanted := range map[string]string{
		"":                      "token must not be empty",
		"K10abc::node:word":     "invalid token CA hash length",
		"K10" + hash + "::node": "invalid token format",
	} {
		if _, err := Parse(text); err == nil || err.Error() != wanted {
			t.Errorf("%q must be refused as K3s does, and this says %v", text, err)
		}
	}
}

func TestTheAgentsWordIsTheServersUnlessAnotherIsGiven(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passwd")
	users, err := Ensure(path, "", "")
	if err != nil {
		t.Fatal(err)
	}
	made := users.Word("server")
	if len(made) != 32 || users.Word("node") != made {
		t.Errorf("a word is made up for both: %q", made)
	}
	again, err := Ensure(path, "", "")
	if err != nil || again.Word("server") != made {
		t.Errorf("the word that was made up is kept: %v", err)
	}
	if users.Group("server", made) != "k3s:server" || users.Group("node", "other") != "" || users.Group("root", made) != "" {
		t.Error("only who has the word is in a group")
	}
	own, err := Ensure(path, "K10"+strings.Repeat("a", 64)+"::server:one", "two")
	if err != nil || own.Word("server") != "one" || own.Word("node") != "two" {
		t.Errorf("the secure form stands for its word: %v", err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("only root reads the words, and this is %v", info.Mode())
	}
}

func TestRotationLeavesAnAgentsOwnWordAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passwd")
	users, _ := Ensure(path, "one", "two")
	if _, err := users.Rotate("three", true); err != nil || users.Word("node") != "two" || users.Word("server") != "three" {
		t.Errorf("the server's word alone is another: %v", err)
	}
	shared, _ := Ensure(path, "one", "")
	if _, err := shared.Rotate("four", false); err != nil || shared.Word("node") != "four" {
		t.Errorf("agents that share the server's word get the new one: %v", err)
	}
}

func TestAPasswordIsKnownByItsHashAlone(t *testing.T) {
	hash, err := HashPassword("word")
	if err != nil || strings.Contains(hash, "word") {
		t.Fatal(hash, err)
	}
	if err := VerifyPassword(hash, "word"); err != nil {
		t.Error(err)
	}
	if err := VerifyPassword(hash, "other"); err == nil || err.Error() != "hash does not match" {
		t.Errorf("another password is refused as K3s does, and this says %v", err)
	}
}
