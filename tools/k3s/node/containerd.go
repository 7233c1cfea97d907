package node

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"sophia/tools/k3s/child"
	"sophia/tools/k3s/log"
)

const (
	runDir          = "/run/k3s"
	containerdState = runDir + "/containerd"
	socket          = containerdState + "/containerd.sock"
	pluginDir       = "/usr/lib/cni"
	namespace       = "k8s.io"
	startLimit      = 60 * time.Second
)

// agentDir is where K3s keeps what belongs to a node.
func (c Config) agentDir(parts ...string) string {
	return filepath.Join(append([]string{c.DataDir, "agent"}, parts...)...)
}

// containerdConfig is the text of containerd's configuration.
//
// What differs from K3s: it has containerd inside itself, of version 2; the machine's Debian has 1.6, whose configuration
// is of version 2. A process may not make itself less likely to be ended than it was born, where root lacks
// CAP_SYS_RESOURCE. The runtime of NVIDIA is runc by another name: there is no driver to bring into a container, and the
// files of GPUs are brought into all of them, whether they ask for one or not.
func containerdConfig(c Config, m machine) (string, error) {
	runtimes := []string{"runc"}
	if m.GPUs > 0 {
		runtimes = append(runtimes, nvidia)
	}
	preset := "runc"
	if c.DefaultRuntime != "" {
		preset = ""
		for _, name := range runtimes {
			if name == c.DefaultRuntime {
				preset = name
			}
		}
		if preset == "" {
			return "", fmt.Errorf("default runtime %s was not found", c.DefaultRuntime)
		}
	}
	var text strings.Builder
	root := c.agentDir("containerd")
	fmt.Fprintf(&text, `version = 2
root = %q
state = %q

[grpc]
  address = %q

[plugins."io.containerd.internal.v1.opt"]
  path = %q

[plugins."io.containerd.grpc.v1.cri"]
  stream_server_address = "127.0.0.1"
  stream_server_port = "10010"
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  restrict_oom_score_adj = true
  sandbox_image = %q

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = %q
  conf_dir = %q

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "overlayfs"
  default_runtime_name = %q
`, root, containerdState, socket, root, c.PauseImage, pluginDir, c.agentDir("etc/cni/net.d"), preset)
	for _, name := range runtimes {
		fmt.Fprintf(&text, `
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.%q]
  runtime_type = "io.containerd.runc.v2"
`, name)
		if name == nvidia {
			fmt.Fprintf(&text, "  base_runtime_spec = %q\n", c.nvidiaSpec())
		}
	}
	return text.String(), nil
}

// startContainerd starts it and waits until it answers; shims of before are its own again.
func startContainerd(ctx context.Context, c Config, m machine) (*child.Child, error) {
	if err := checkRegistries(c.PrivateRegistry); err != nil {
		return nil, err
	}
	text, err := containerdConfig(c, m)
	if err != nil {
		return nil, err
	}
	file := c.agentDir("etc/containerd/config.toml")
	if err := write(file, text, 0o600); err != nil {
		return nil, err
	}
	for _, directory := range []string{containerdState, c.agentDir("containerd"), c.agentDir("etc/cni/net.d")} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return nil, err
		}
	}
	if m.GPUs > 0 {
		if err := writeNvidiaSpec(ctx, c); err != nil {
			return nil, err
		}
	}
	log.Info("Running containerd -c %s", file)
	started, err := child.Start(ctx, child.Spec{Name: "containerd", Path: "containerd", Args: []string{"-c", file, "-l", "warn"}})
	if err != nil {
		return nil, err
	}
	return started, await(ctx, started, "containerd's CRI service", func() error { return criReady(ctx, socket) })
}

// checkRegistries refuses a file that is no mapping, as K3s does; no image is pulled here, so nothing else is done with it.
func checkRegistries(path string) error {
	content, err := os.ReadFile(path)
	if path == "" || os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var registries struct {
		Mirrors map[string]any `yaml:"mirrors"`
		Configs map[string]any `yaml:"configs"`
		Auths   map[string]any `yaml:"auths"`
	}
	if err := yaml.Unmarshal(content, &registries); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// manyNames is how many names an image may have that is not unpacked before a container is made of it.
const manyNames = 3

// importImages brings archives into containerd that were not brought before, or have changed since.
func importImages(ctx context.Context, c Config) error {
	var archives []string
	for _, pattern := range []string{filepath.Join(c.ProgramsDir, "images/*.tar"), c.agentDir("images/*.tar")} {
		found, _ := filepath.Glob(pattern)
		archives = append(archives, found...)
	}
	marker := c.agentDir("containerd/imported.json")
	before := map[string]string{}
	if content, err := os.ReadFile(marker); err == nil {
		json.Unmarshal(content, &before) // one that cannot be read makes all be brought again
	}
	now := map[string]string{}
	for _, archive := range archives {
		info, err := os.Stat(archive)
		if err != nil {
			return err
		}
		now[archive] = fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
		if before[archive] == now[archive] {
			continue
		}
		// An image is unpacked when the first container is made of it: most nodes run few of them. One that many names
		// lead to is unpacked now: its pods start together, and each would unpack it for itself.
		arguments := []string{"images", "import", archive}
		if names, err := imageNames(archive); err == nil && names <= manyNames {
			arguments = []string{"images", "import", "--no-unpack", archive}
		}
		if err := ctr(ctx, arguments...); err != nil {
			return fmt.Errorf("images of %s: %w", archive, err)
		}
		log.Info("Imported images from %s", archive)
	}
	content, _ := json.Marshal(now)
	return write(marker, string(content), 0o600)
}

// imageNames counts the names that lead to what an archive in the layout of OCI holds.
func imageNames(archive string) (int, error) {
	file, err := os.Open(archive)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for members := tar.NewReader(file); ; {
		member, err := members.Next()
		if err != nil {
			return 0, err
		}
		if member.Name == "index.json" {
			var index struct{ Manifests []struct{} }
			err := json.NewDecoder(members).Decode(&index)
			return len(index.Manifests), err
		}
	}
}

// ctr runs a command of containerd's client.
func ctr(ctx context.Context, arguments ...string) error {
	return run(ctx, "", "ctr", append([]string{"--address", socket, "--namespace", namespace}, arguments...)...)
}

// run runs a program to its end; what it complains of is in the error.
func run(ctx context.Context, input, program string, arguments ...string) error {
	_, err := output(ctx, input, program, arguments...)
	return err
}

func output(ctx context.Context, input, program string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, program, arguments...)
	command.Stdin = strings.NewReader(input)
	var out, complaint strings.Builder
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(arguments, " "), err, strings.TrimSpace(complaint.String()))
	}
	return out.String(), nil
}

// write replaces a file as a whole, and makes the directories above it.
func write(path, text string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	aside := path + ".new"
	if err := os.WriteFile(aside, []byte(text), mode); err != nil {
		return err
	}
	if err := os.Chmod(aside, mode); err != nil {
		return err
	}
	return os.Rename(aside, path)
}
