// Package programs says where the real programs are that K3s has inside itself.
package programs

import (
	"os"
	"path/filepath"
	"strings"
)

// Root is what every machine brings.
func Root() string {
	if root := os.Getenv("SOPHIA_REHEARSAL_PROGRAMS"); root != "" {
		return root
	}
	return "/opt/rehearsal"
}

// Bin returns a program that is of no version of Kubernetes.
func Bin(name string) string { return filepath.Join(Root(), "bin", name) }

// Kubernetes returns the folder of the programs of the Kubernetes in a version of K3s: 1.36.2 in v1.36.2+k3s1.
func Kubernetes(version string) string {
	number, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), "+")
	return filepath.Join(Root(), "kubernetes", number)
}

// Charts returns the folder of packed Helm charts.
func Charts() string { return filepath.Join(Root(), "charts") }

// Chart returns the version of the packed chart of a name, or nothing where there is none.
func Chart(name string) string {
	found, _ := filepath.Glob(filepath.Join(Charts(), name+"-*.tgz"))
	if len(found) == 0 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(found[0]), name+"-"), ".tgz")
}
