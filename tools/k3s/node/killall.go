package node

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tables are those of nft that a node makes beside the host's own.
var tables = []string{"ip kube-proxy", "ip6 kube-proxy", "ip " + meshTable}

// KillAll leaves nothing of the node that runs: pods and their shims end, their mounts, network namespaces and control
// groups go, and so do the devices and tables of the network. What is on disk stays. K3s itself does not run any more.
func KillAll(dataDir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	return errors.Join(
		killPods(),
		unmount(runDir, dataDir, kubeletRoot+"/pods", kubeletRoot+"/plugins", "/run/netns/cni-"),
		removeNamespaces(),
		removeGroups(),
		removeNetwork(ctx),
		os.RemoveAll("/var/lib/cni"),
		os.RemoveAll("/run/flannel"),
	)
}

// killPods ends shims first, so that nobody starts what is being ended, and then all that is in a pod's control groups.
func killPods() error {
	limit := time.Now().Add(10 * time.Second)
	for {
		found := append(shims(), podProcesses()...)
		if len(found) == 0 {
			return nil
		}
		if time.Now().After(limit) {
			return errors.New("processes of pods live on after a kill")
		}
		for _, pid := range found {
			syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// shims are the processes that keep pods for K3s' containerd, and no other's.
func shims() []int {
	var found []int
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		content, err := os.ReadFile(file)
		line := strings.ReplaceAll(string(content), "\x00", " ")
		if err == nil && strings.Contains(line, "containerd-shim") && strings.Contains(line, "-address "+socket) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			found = append(found, pid)
		}
	}
	return found
}

func podProcesses() []int {
	var found []int
	for _, group := range podGroups() {
		content, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
		if err != nil {
			continue
		}
		for _, line := range strings.Fields(string(content)) {
			if pid, err := strconv.Atoi(line); err == nil && pid > 0 {
				found = append(found, pid)
			}
		}
	}
	return found
}

// podGroups are the control groups of pods in every hierarchy, inner ones first.
func podGroups() []string {
	roots, _ := filepath.Glob("/sys/fs/cgroup/*/kubepods")
	roots = append(roots, "/sys/fs/cgroup/kubepods")
	var groups []string
	for _, root := range roots {
		filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				groups = append(groups, path)
			}
			return nil
		})
	}
	sort.Sort(sort.Reverse(sort.StringSlice(groups)))
	return groups
}

func removeGroups() error {
	var failed error
	for _, group := range podGroups() {
		if err := os.Remove(group); err != nil && !os.IsNotExist(err) {
			failed = err
		}
	}
	return failed
}

// unmount takes away every mount whose path begins with one of these and is longer; what is mounted there by the
// machine itself stays.
func unmount(prefixes ...string) error {
	file, err := os.Open("/proc/self/mounts")
	if err != nil {
		return err
	}
	defer file.Close()
	var found []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		for _, prefix := range prefixes {
			if len(fields) > 1 && strings.HasPrefix(fields[1], prefix) && fields[1] != prefix {
				found = append(found, unescaped(fields[1]))
			}
		}
	}
	sort.Sort(sort.Reverse(sort.StringSlice(found)))
	for _, path := range found {
		if failed := syscall.Unmount(path, syscall.MNT_DETACH); failed != nil && failed != syscall.EINVAL && failed != syscall.ENOENT {
			err = &os.PathError{Op: "umount", Path: path, Err: failed}
		}
	}
	return err
}

// unescaped reads a path as /proc/mounts writes it.
func unescaped(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}

func removeNamespaces() error {
	files, _ := filepath.Glob("/run/netns/cni-*")
	var failed error
	for _, file := range files {
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			failed = err
		}
	}
	return failed
}

// removeNetwork takes away devices, tables and rules; what is not there is no failure.
func removeNetwork(ctx context.Context) error {
	for _, name := range []string{bridgeName, "flannel.1", "flannel-wg"} {
		if _, err := os.Stat("/sys/class/net/" + name); err == nil {
			if err := run(ctx, "", "ip", "link", "delete", name); err != nil {
				return err
			}
		}
	}
	var text strings.Builder
	for _, table := range tables {
		text.WriteString("add table " + table + "\ndelete table " + table + "\n")
	}
	if err := run(ctx, text.String(), "nft", "--file", "-"); err != nil {
		return err
	}
	if err := errors.Join(removeRules(ctx, "iptables"), removeRules(ctx, "ip6tables")); err != nil {
		return err
	}
	return removeSets(ctx)
}

// removeSets takes away the sets of addresses that rules of policies have named; they are free when the rules are gone.
func removeSets(ctx context.Context) error {
	text, err := output(ctx, "", "ipset", "list", "-name")
	if errors.Is(err, exec.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, name := range strings.Fields(text) {
		if strings.HasPrefix(name, setPrefix) {
			lines.WriteString("destroy " + name + "\n")
		}
	}
	return run(ctx, lines.String(), "ipset", "restore")
}

// removeRules takes away the rules that the kubelet, kube-router and the plugin for ports of the host have made beside
// others'.
func removeRules(ctx context.Context, program string) error {
	text, err := output(ctx, "", program+"-save")
	if errors.Is(err, exec.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	kept, empty := withoutOurs(text)
	if err := run(ctx, kept, program+"-restore"); err != nil {
		return err
	}
	version, err := output(ctx, "", program, "--version")
	if err != nil || !strings.Contains(version, "nf_tables") {
		return err
	}
	family := map[string]string{"iptables": "ip", "ip6tables": "ip6"}[program]
	var tables strings.Builder
	for _, table := range empty {
		tables.WriteString("delete table " + family + " " + table + "\n")
	}
	return run(ctx, tables.String(), "nft", "--file", "-")
}

// withoutOurs returns saved rules without those of a node, and the tables that hold nothing then.
func withoutOurs(saved string) (kept string, empty []string) {
	var lines []string
	table, used := "", false
	for _, line := range strings.Split(saved, "\n") {
		if strings.Contains(line, "KUBE-") || strings.Contains(line, "CNI-") {
			continue
		}
		lines = append(lines, line)
		switch {
		case strings.HasPrefix(line, "*"):
			table, used = line[1:], false
		case strings.HasPrefix(line, "-A"), strings.HasPrefix(line, ":") && strings.Contains(line, " - ["):
			used = true
		case line == "COMMIT" && !used:
			empty = append(empty, table)
		}
	}
	return strings.Join(lines, "\n"), empty
}
