package server

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"sophia/tools/k3s/kubeconfig"
	"sophia/tools/k3s/log"
)

// egress sends the API server's calls into the cluster through the supervisor, which knows the agents' tunnels.
func (r *running) egress() error {
	if r.plane.Egress == "" {
		return nil
	}
	type object map[string]any
	data, err := json.Marshal(object{
		"kind":       "EgressSelectorConfiguration",
		"apiVersion": "apiserver.k8s.io/v1beta1",
		"egressSelections": []object{{
			"name": "cluster",
			"connection": object{
				"proxyProtocol": "HTTPConnect",
				"transport": object{"tcp": object{
					"url": r.local(),
					"tlsConfig": object{
						"caBundle":   r.dir.TLS("server-ca.crt"),
						"clientKey":  r.dir.TLS("client-kube-apiserver.key"),
						"clientCert": r.dir.TLS("client-kube-apiserver.crt"),
					},
				}},
			},
		}},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(r.plane.Egress, data, 0o600)
}

// writeKubeconfig makes the people's kubeconfig; one that was asked for elsewhere is linked to where people look.
func (s *settings) writeKubeconfig() error {
	path := s.kubeconfig
	if path == "" {
		path = Kubeconfig
	}
	cert, key := s.dir.TLS("client-admin.crt"), s.dir.TLS("client-admin.key")
	if info, err := os.Lstat(Kubeconfig); err == nil && info.Mode()&os.ModeSymlink != 0 {
		os.Remove(Kubeconfig)
	}
	if err := kubeconfig.WriteAdmin(path, s.local(), s.dir.TLS("server-ca.crt"), cert, key, s.kubeconfigMode, s.kubeconfigGroup); err != nil {
		return err
	}
	log.Info("Wrote kubeconfig %s", path)
	if path == Kubeconfig {
		return nil
	}
	os.Remove(Kubeconfig)
	return errors.Join(os.MkdirAll(filepath.Dir(Kubeconfig), 0o755), os.Symlink(path, Kubeconfig))
}
