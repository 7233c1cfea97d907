// Pulumi ESC's own evaluator over documents that it is given: a request on standard input, an answer on standard output.
//
// It reads no file and opens no connection. Values come and go by these two streams alone.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/esc"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc/ast"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc/eval"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc/syntax"
)

// A request says what is done with some of the documents.
type request struct {
	// Do is check, open, seal or unseal.
	Do string `json:"do"`
	// Names are the environments that it is done with.
	Names []string `json:"names"`
	// Documents are all environments, as YAML, by name: what one imports must be among them.
	Documents map[string]string `json:"documents"`
	// Key, of 32 bytes, seals secrets; not needed where none is sealed.
	Key []byte `json:"key"`
	// User is who asks, for ${context.pulumi.user}.
	User string `json:"user"`
}

// A result is what became of one environment.
type result struct {
	// Environment is what it evaluates to.
	Environment *esc.Environment `json:"environment,omitempty"`
	// Document is the environment, rewritten.
	Document string `json:"document,omitempty"`
	// Diagnostics are what is wrong with it.
	Diagnostics []diagnostic `json:"diagnostics,omitempty"`
}

// A diagnostic has the form in which the service tells it.
type diagnostic struct {
	Summary  string     `json:"summary"`
	Path     string     `json:"path,omitempty"`
	Range    *esc.Range `json:"range,omitempty"`
	Severity string     `json:"severity"`
}

func main() {
	log.SetFlags(0)
	if err := answer(context.Background(), os.Stdin, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func answer(ctx context.Context, in io.Reader, out io.Writer) error {
	var asked request
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return fmt.Errorf("the request is not as it must be: %w", err)
	}
	act, known := map[string]func(context.Context, request, string) (result, error){
		"check":  evaluated,
		"open":   evaluated,
		"seal":   rewritten,
		"unseal": rewritten,
	}[asked.Do]
	if !known {
		return fmt.Errorf("%q: must be check, open, seal or unseal", asked.Do)
	}
	results := make(map[string]result, len(asked.Names))
	for _, name := range asked.Names {
		done, err := act(ctx, asked, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		results[name] = done
	}
	return json.NewEncoder(out).Encode(results)
}

func evaluated(ctx context.Context, asked request, name string) (result, error) {
	document, known := asked.Documents[name]
	if !known {
		return result{}, errNotGiven
	}
	declared, found, err := eval.LoadYAMLBytes(name, []byte(document))
	if err != nil {
		return result{}, err
	}
	if found.HasErrors() {
		return result{Diagnostics: told(found)}, nil
	}
	user := esc.NewValue(map[string]esc.Value{"user": esc.NewValue(map[string]esc.Value{"login": esc.NewValue(asked.User)})})
	caller, err := esc.NewExecContext(map[string]esc.Value{"pulumi": user})
	if err != nil {
		return result{}, err
	}
	environment, more := evaluate(ctx, asked, name, declared, caller)
	return result{Environment: environment, Diagnostics: told(append(found, more...))}, nil
}

func evaluate(
	ctx context.Context, asked request, name string, declared *ast.EnvironmentDecl, caller *esc.ExecContext,
) (*esc.Environment, syntax.Diagnostics) {
	from := documents(asked)
	if asked.Do == "check" {
		// Sealed secrets stay hidden: nobody who only checks sees one.
		return eval.CheckEnvironment(ctx, name, declared, from.sealer(), from, from, caller, false, eval.EvalOptions{})
	}
	return eval.EvalEnvironment(ctx, name, declared, from.sealer(), from, from, caller, eval.EvalOptions{})
}

func rewritten(ctx context.Context, asked request, name string) (result, error) {
	document, known := asked.Documents[name]
	if !known {
		return result{}, errNotGiven
	}
	rewrite := func() ([]byte, error) {
		if asked.Do == "seal" {
			return eval.EncryptSecrets(ctx, name, []byte(document), sealer(asked.Key))
		}
		return eval.DecryptSecrets(ctx, name, []byte(document), sealer(asked.Key))
	}
	done, err := rewrite()
	var found syntax.Diagnostics
	if errors.As(err, &found) {
		return result{Diagnostics: told(found)}, nil
	}
	return result{Document: string(done)}, err
}

var errNotGiven = errors.New("no document of that name was given")

// documents are the environments that others import.
type documents request

func (d documents) sealer() sealer { return sealer(d.Key) }

// LoadEnvironment returns a document.
func (d documents) LoadEnvironment(_ context.Context, name string) ([]byte, eval.Decrypter, error) {
	document, known := d.Documents[name]
	if !known {
		return nil, nil, errNotGiven
	}
	return []byte(document), d.sealer(), nil
}

// AuthorizeImport lets every environment import every other: they are all one project's.
func (documents) AuthorizeImport(context.Context, string, string, bool) error { return nil }

// LoadProvider has none: values are in the documents.
func (documents) LoadProvider(_ context.Context, name string) (esc.Provider, error) {
	return nil, fmt.Errorf("there is no provider %q here", name)
}

// LoadRotator has none.
func (documents) LoadRotator(_ context.Context, name string) (esc.Rotator, error) {
	return nil, fmt.Errorf("there is no rotator %q here", name)
}

func told(found syntax.Diagnostics) []diagnostic {
	all := make([]diagnostic, 0, len(found))
	for _, one := range found {
		next := diagnostic{Summary: one.Summary, Path: one.Path, Severity: "error"}
		if one.Severity != 1 {
			next.Severity = "warning"
		}
		if at := one.Subject; at != nil {
			next.Range = &esc.Range{
				Environment: at.Filename,
				Begin:       esc.Pos{Line: at.Start.Line, Column: at.Start.Column, Byte: at.Start.Byte},
				End:         esc.Pos{Line: at.End.Line, Column: at.End.Column, Byte: at.End.Byte},
			}
		}
		all = append(all, next)
	}
	return all
}
