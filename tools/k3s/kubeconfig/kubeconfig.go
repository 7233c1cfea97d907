// Package kubeconfig writes kubeconfigs as K3s does: with paths for its own programs, with everything inside for people.
package kubeconfig

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

const withPaths = `apiVersion: v1
clusters:
- cluster:
    server: %s
    certificate-authority: %s
  name: local
contexts:
- context:
    cluster: local
    namespace: default
    user: user
  name: Default
current-context: Default
kind: Config
preferences: {}
users:
- name: user
  user:
    client-certificate: %s
    client-key: %s
`

const withData = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %s
    server: %s
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
preferences: {}
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
`

// Write makes the kubeconfig of one of K3s' own programs.
func Write(path, server, authority, cert, key string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return replace(path, fmt.Sprintf(withPaths, server, authority, cert, key), 0o600)
}

// WriteAdmin makes the kubeconfig for people. The mode is octal text, or empty for 0600; the group is a name, or empty.
func WriteAdmin(path, server, authority, cert, key, mode, group string) error {
	bits := os.FileMode(0o600)
	if mode != "" {
		parsed, err := strconv.ParseUint(mode, 8, 32)
		if err != nil {
			return fmt.Errorf("failed to set %s to mode %s: %w", path, mode, err)
		}
		bits = os.FileMode(parsed)
	}
	var data []any
	for _, file := range []string{authority, cert, key} {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		data = append(data, base64.StdEncoding.EncodeToString(content))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := replace(path, fmt.Sprintf(withData, data[0], server, data[1], data[2]), bits); err != nil {
		return err
	}
	if group == "" {
		return nil
	}
	found, err := user.LookupGroup(group)
	if err != nil {
		return fmt.Errorf("failed to set %s to group %s: %w", path, group, err)
	}
	id, _ := strconv.Atoi(found.Gid)
	return os.Chown(path, -1, id)
}

func replace(path, content string, mode os.FileMode) error {
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}
