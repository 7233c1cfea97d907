package agent

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"time"

	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/log"
)

const omitted = "********"

// secret are the arguments and variables whose value is not told.
var secret = []string{
	"K3S_TOKEN", "K3S_DATASTORE_ENDPOINT", "K3S_AGENT_TOKEN", "K3S_CLUSTER_SECRET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
	"--token", "-t", "--agent-token", "--datastore-endpoint", "--cluster-secret", "--etcd-s3-access-key", "--etcd-s3-secret-key",
	"--etcd-s3-session-token", "--vpn-auth",
}

// annotations are what K3s says of a node on its object.
func (s Settings) annotations() map[string]any {
	arguments, environment := nodeArguments(s.Arguments), nodeEnvironment()
	digest := sha256.Sum256([]byte(arguments + environment))
	result := map[string]any{
		"k3s.io/internal-ip":      s.NodeIP,
		"k3s.io/hostname":         s.NodeName,
		"k3s.io/node-args":        arguments,
		"k3s.io/node-env":         environment,
		"k3s.io/node-config-hash": base32.StdEncoding.EncodeToString(digest[:]),
		"k3s.io/external-ip":      nil,
	}
	if s.ExternalIP != "" {
		result["k3s.io/external-ip"] = s.ExternalIP
	}
	return result
}

func nodeArguments(arguments []string) string {
	list := []string{}
	for _, argument := range arguments {
		name, value, joined := strings.Cut(argument, "=")
		if strings.HasPrefix(argument, "--") && joined {
			list = append(list, name, value)
		} else {
			list = append(list, argument)
		}
	}
	for i, argument := range list {
		if slices.Contains(secret, argument) && i+1 < len(list) {
			list[i+1] = omitted
		}
	}
	data, _ := json.Marshal(list)
	return string(data)
}

func nodeEnvironment() string {
	variables := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "K3S_") {
			continue
		}
		if slices.Contains(secret, name) {
			value = omitted
		}
		variables[name] = value
	}
	data, _ := json.Marshal(variables)
	return string(data)
}

// annotate waits for the node's object and says of it what K3s says.
func (s Settings) annotate(ctx context.Context, server string) error {
	api, err := kubeapi.New(server, s.file("server-ca.crt"), s.file("client-kubelet.crt"), s.file("client-kubelet.key"), "k3s")
	if err != nil {
		return err
	}
	change := kubeapi.Object{"metadata": kubeapi.Object{"annotations": s.annotations()}}
	for {
		err := api.Merge(ctx, "/api/v1/nodes/"+s.NodeName, change)
		if err == nil {
			log.Info("Annotations and labels have been set successfully on node: %s", s.NodeName)
			return nil
		}
		if !kubeapi.IsNotFound(err) && !kubeapi.IsUnavailable(err) && ctx.Err() == nil {
			log.Info("Failed to set annotations and labels on node %s: %v", s.NodeName, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(300 * time.Millisecond):
		}
	}
}
