package supervisor

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/log"
	"sophia/tools/k3s/token"
)

// NodePasswordFile is where a machine keeps the word that proves its name.
const NodePasswordFile = "/etc/rancher/node/password"

const secrets = "/api/v1/namespaces/kube-system/secrets"

// passwords keep one machine from taking another's name: the first that comes with a name sets its password.
type passwords struct {
	supervisor *Supervisor
	deferred   sync.Map
}

// errVerify says that a password is not the one that a name has.
type errVerify struct {
	node string
	err  error
}

func (e *errVerify) Error() string {
	return fmt.Sprintf("unable to verify password for node %s: %v", e.node, e.err)
}

// validate returns the node that a request comes from, or the status that refuses it.
func (p *passwords) validate(request *http.Request) (string, int, error) {
	name := strings.ToLower(request.Header.Get("k3s-Node-Name"))
	password := request.Header.Get("k3s-Node-Password")
	if name == "" {
		return "", http.StatusBadRequest, errors.New("node name not set")
	}
	if password == "" {
		return "", http.StatusBadRequest, errors.New("node password not set")
	}
	certified, isNode := strings.CutPrefix(userOf(request).name, "system:node:")
	if isNode && certified != name {
		return "", http.StatusBadRequest, errors.New("header node name does not match auth node name")
	}
	api := p.supervisor.api.Load()
	if api == nil {
		if name == p.supervisor.NodeName {
			return p.local(name, password)
		}
		return "", http.StatusServiceUnavailable, errors.New("runtime core not ready")
	}
	ctx := request.Context()
	if isNode {
		if err := api.Get(ctx, "/api/v1/nodes/"+name, nil); err != nil {
			return "", http.StatusUnauthorized, fmt.Errorf("unable to verify node identity: %w", err)
		}
	}
	var refused *errVerify
	switch err := ensure(ctx, api, name, password); {
	case errors.As(err, &refused):
		log.Error("%v", err)
		return "", http.StatusForbidden, err
	case err != nil:
		return "", http.StatusServiceUnavailable, err
	}
	return name, http.StatusOK, nil
}

// local takes this machine's own node in before there is an API server to ask.
func (p *passwords) local(name, password string) (string, int, error) {
	own, err := os.ReadFile(NodePasswordFile)
	if err != nil {
		return "", http.StatusInternalServerError, fmt.Errorf("unable to read node password file: %w", err)
	}
	if strings.TrimSpace(string(own)) != password {
		return "", http.StatusForbidden, errors.New("unable to verify local node password")
	}
	if _, loaded := p.deferred.LoadOrStore(name, true); !loaded {
		log.Info("Password verified locally for node %s", name)
		go p.later(name, password)
	}
	return name, http.StatusOK, nil
}

// later keeps the password when the API server is there to keep it.
func (p *passwords) later(name, password string) {
	for {
		time.Sleep(200 * time.Millisecond)
		api := p.supervisor.api.Load()
		if api == nil {
			continue
		}
		var refused *errVerify
		err := ensure(context.Background(), api, name, password)
		if err == nil || errors.As(err, &refused) {
			if err != nil {
				log.Error("Deferred node password secret validation failed: %v", err)
			}
			return
		}
		time.Sleep(time.Second)
	}
}

// ensure compares a password with the one that is kept, or keeps it where there is none.
func ensure(ctx context.Context, api *kubeapi.Client, name, password string) error {
	path := secrets + "/" + name + ".node-password.k3s"
	var secret struct{ Data map[string]string }
	err := api.Get(ctx, path, &secret)
	if err == nil {
		hash, _ := base64.StdEncoding.DecodeString(secret.Data["hash"])
		if err := token.VerifyPassword(string(hash), password); err != nil {
			return &errVerify{name, err}
		}
		return nil
	}
	if !kubeapi.IsNotFound(err) {
		return err
	}
	hash, err := token.HashPassword(password)
	if err != nil {
		return err
	}
	err = api.Create(ctx, secrets, kubeapi.Object{
		"apiVersion": "v1",
		"kind":       "Secret",
		"metadata":   kubeapi.Object{"name": name + ".node-password.k3s", "namespace": "kube-system"},
		"type":       "k3s.cattle.io/node-password",
		"immutable":  true,
		"data":       kubeapi.Object{"hash": []byte(hash)},
	})
	if kubeapi.IsConflict(err) {
		return ensure(ctx, api, name, password)
	}
	return err
}
