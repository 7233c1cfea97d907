// Package definitions are the custom resources that K3s brings: its own, and those of its Helm controller.
package definitions

import (
	"strings"

	"sophia/tools/k3s/kubeapi"
)

// All returns every definition. What they hold is not checked: the controllers that read most of them are not here.
func All() []kubeapi.Object {
	return []kubeapi.Object{
		define("k3s.cattle.io", "Addon", true, false),
		define("k3s.cattle.io", "ETCDSnapshotFile", false, true),
		define("helm.cattle.io", "HelmChart", true, true),
		define("helm.cattle.io", "HelmChartConfig", true, false),
	}
}

func define(group, kind string, namespaced, status bool) kubeapi.Object {
	singular := strings.ToLower(kind)
	scope := "Cluster"
	if namespaced {
		scope = "Namespaced"
	}
	anything := kubeapi.Object{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	version := kubeapi.Object{
		"name": "v1", "served": true, "storage": true,
		"schema": kubeapi.Object{"openAPIV3Schema": kubeapi.Object{
			"type":       "object",
			"properties": kubeapi.Object{"spec": anything, "status": anything},
		}},
	}
	if status {
		version["subresources"] = kubeapi.Object{"status": kubeapi.Object{}}
	}
	return kubeapi.Object{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata":   kubeapi.Object{"name": singular + "s." + group},
		"spec": kubeapi.Object{
			"group":    group,
			"scope":    scope,
			"names":    kubeapi.Object{"kind": kind, "plural": singular + "s", "singular": singular, "listKind": kind + "List"},
			"versions": []kubeapi.Object{version},
		},
	}
}
