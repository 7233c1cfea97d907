// Package fault makes this stand-in fail on demand.
package fault

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Dir holds a file for every fault. An empty file is for every version, another names the versions it is for.
const Dir = "/etc/rehearsal/k3s-faults"

// The faults.
const (
	// ExitAtStart ends the program before it does anything.
	ExitAtStart = "exit-at-start"
	// NeverReady runs nothing, and says nothing to systemd.
	NeverReady = "never-ready"
	// ExitWhenReady ends the program soon after it was ready.
	ExitWhenReady = "exit-when-ready"
	// NoNode runs a server's control plane without its node.
	NoNode = "no-node"
)

// Wanted tells whether a fault is asked for.
func Wanted(name, version string) bool {
	data, err := os.ReadFile(filepath.Join(Dir, name))
	if err != nil {
		return false
	}
	versions := strings.Fields(string(data))
	return len(versions) == 0 || slices.Contains(versions, version)
}
