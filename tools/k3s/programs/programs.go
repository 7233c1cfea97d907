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
