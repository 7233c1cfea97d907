package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
)

const declared = "imports: [sophia/base]\nvalues:\n  key:\n    fn::secret: a canary\n  from: ${shared}\n"

var given = map[string]string{"sophia/base": "values: {shared: yes it is}\n", "sophia/dev": declared}

func ask(t *testing.T, asked request) map[string]result {
	t.Helper()
	in, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := answer(context.Background(), bytes.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	var results map[string]result
	if err := json.Unmarshal(out.Bytes(), &results); err != nil {
		t.Fatal(err)
	}
	return results
}

func TestWhatIsSealedIsOpenedWithItsKeyAlone(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	names := []string{"sophia/dev"}
	sealed := ask(t, request{Do: "seal", Names: names, Documents: given, Key: key})["sophia/dev"].Document
	if strings.Contains(sealed, "canary") || !strings.Contains(sealed, "ciphertext") {
		t.Fatalf("it is not sealed: %s", sealed)
	}
	kept := map[string]string{"sophia/base": given["sophia/base"], "sophia/dev": sealed}
	opened := ask(t, request{Do: "open", Names: names, Documents: kept, Key: key})["sophia/dev"]
	if len(opened.Diagnostics) > 0 || opened.Environment.Properties["key"].Value != "a canary" {
		t.Fatalf("it is not opened: %v", opened)
	}
	if from := opened.Environment.Properties["from"].Value; from != "yes it is" {
		t.Fatalf("what it imports is %v", from)
	}
	unsealed := ask(t, request{Do: "unseal", Names: names, Documents: kept, Key: key})["sophia/dev"].Document
	if !strings.Contains(unsealed, "fn::secret: a canary") {
		t.Fatalf("it is not unsealed: %s", unsealed)
	}
	wrong := ask(t, request{Do: "open", Names: names, Documents: kept, Key: bytes.Repeat([]byte{8}, 32)})["sophia/dev"]
	if len(wrong.Diagnostics) == 0 {
		t.Fatal("another key opens it")
	}
}

func TestWhoeverOnlyChecksSeesNoSealedSecret(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	names := []string{"sophia/dev"}
	sealed := ask(t, request{Do: "seal", Names: names, Documents: given, Key: key})["sophia/dev"].Document
	kept := map[string]string{"sophia/base": given["sophia/base"], "sophia/dev": sealed}
	checked := ask(t, request{Do: "check", Names: names, Documents: kept, Key: key})["sophia/dev"]
	if value := checked.Environment.Properties["key"]; value.Value == "a canary" {
		t.Fatal("it shows the secret")
	}
}

func TestWhatIsWrongIsToldWithItsPlace(t *testing.T) {
	wrong := map[string]string{"sophia/dev": "values:\n  one: ${two}\n"}
	told := ask(t, request{Do: "check", Names: []string{"sophia/dev"}, Documents: wrong})["sophia/dev"].Diagnostics
	if len(told) != 1 || told[0].Range == nil || told[0].Range.Begin.Line != 2 || told[0].Severity != "error" {
		t.Fatalf("it tells %v", told)
	}
}
