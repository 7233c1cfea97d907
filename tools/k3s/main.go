// The stand-in for K3s: one program that takes K3s' commands, configuration and files, and runs the real programs of
// Kubernetes that K3s has inside itself.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"sophia/tools/k3s/agent"
	"sophia/tools/k3s/config"
	"sophia/tools/k3s/fault"
	"sophia/tools/k3s/log"
	"sophia/tools/k3s/node"
	"sophia/tools/k3s/notify"
	"sophia/tools/k3s/programs"
	"sophia/tools/k3s/server"
)

// version is set when the program is linked.
var version = "v0.0.0+k3s0"

//go:embed k3s_flags.json
var flagsFile []byte

const usage = `NAME:
   k3s - Kubernetes, but small and simple: the rehearsal's stand-in

USAGE:
   k3s command [command options] [arguments...]

COMMANDS:
   server           Run management server
   agent            Run node agent
   kubectl          Run kubectl
   etcd-snapshot    Manage etcd snapshots: save, delete, ls
   secrets-encrypt  Control secrets encryption: status
   token            Manage tokens: rotate
   killall          End all pods and take the node's network away; K3s itself must be stopped
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args); err != nil {
		log.Fatal("Error: %v", err)
	}
}

func run(ctx context.Context, arguments []string) error {
	if filepath.Base(arguments[0]) == "kubectl" {
		return kubectl(arguments[1:])
	}
	if len(arguments) < 2 || slices.Contains([]string{"help", "--help", "-h"}, arguments[1]) {
		fmt.Print(usage)
		return nil
	}
	command, rest := arguments[1], arguments[2:]
	switch command {
	case "--version", "-v":
		fmt.Printf("k3s version %s (rehearsal)\n", version)
		return nil
	case "kubectl":
		return kubectl(rest)
	case "etcd-snapshot":
		return etcdSnapshot(ctx, rest)
	case "secrets-encrypt":
		return secretsEncrypt(ctx, rest)
	case "token":
		return rotateToken(ctx, rest)
	case "killall":
		s, _, err := options("killall", rest, nil)
		if err != nil {
			return err
		}
		return node.KillAll(s.dataDir)
	case "server", "agent":
		return daemon(ctx, command, rest)
	}
	return fmt.Errorf("No help topic for '%s'", command)
}

// daemon is what a unit runs.
func daemon(ctx context.Context, command string, arguments []string) error {
	keys, err := config.ParseKeys(flagsFile)
	if err != nil {
		return err
	}
	flags, lenient := keys.Agent, false
	if command == "server" {
		// K3s leaves unknown keys of a server's config.yaml out, and takes none of an agent's.
		flags, lenient = keys.Server, true
	}
	values, err := config.Parse(flags, command, arguments, lenient)
	if err != nil {
		return err
	}
	if fault.Wanted(fault.ExitAtStart, version) {
		return errors.New("a fault was asked for: " + fault.ExitAtStart)
	}
	if fault.Wanted(fault.NeverReady, version) {
		log.Warn("A fault was asked for: %s", fault.NeverReady)
		<-ctx.Done()
		return nil
	}
	if command == "server" {
		return server.Run(ctx, values, version)
	}
	return runAgent(ctx, values)
}

func runAgent(ctx context.Context, values *config.Values) error {
	if os.Getuid() != 0 {
		return errors.New("agent requires additional privilege if not run with --rootless")
	}
	settings, err := agent.FromConfig(values, version)
	if err != nil {
		return err
	}
	if settings.Token, err = values.Secret("token"); err != nil {
		return err
	}
	settings.Server = values.String("server")
	settings.BalancerPort = values.Int("lb-server-port")
	log.Info("Starting k3s agent %s", version)
	ready := notify.Take()
	return agent.Run(ctx, settings, func() {
		log.Info("k3s agent is up and running")
		ready()
		if fault.Wanted(fault.ExitWhenReady, version) {
			log.Fatal("Error: a fault was asked for: %s", fault.ExitWhenReady)
		}
	})
}

// kubectl becomes kubectl, with the people's kubeconfig where no other is named.
func kubectl(arguments []string) error {
	program := filepath.Join(programs.Kubernetes(version), "kubectl")
	environment := os.Environ()
	if os.Getenv("KUBECONFIG") == "" {
		environment = append(environment, "KUBECONFIG="+server.Kubeconfig)
	}
	if err := syscall.Exec(program, append([]string{"kubectl"}, arguments...), environment); err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	return nil
}
