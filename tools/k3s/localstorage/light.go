// Package localstorage gives claims of K3s' storage class their volumes on light nodes: Rancher's provisioner has a pod make
// each folder, and a pod there makes none.
package localstorage

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/log"
)

const (
	// class is the one that K3s brings; as it is packaged, its volumes are local and end with their claims.
	class       = "local-path"
	provisioner = "rancher.io/local-path"

	claimsNode    = "volume.kubernetes.io/selected-node"
	volumesNode   = "local.path.provisioner/selected-node"
	provisionedBy = "pv.kubernetes.io/provisioned-by"

	interval = time.Second
)

type claim struct {
	Metadata struct {
		Name, Namespace, UID, ResourceVersion string
		Annotations                           map[string]string
		DeletionTimestamp                     string
	}
	Spec struct {
		StorageClassName, VolumeName string
		AccessModes                  []string
		Selector                     any
		Resources                    struct{ Requests map[string]string }
	}
}

type volume struct {
	Metadata struct {
		Name              string
		Annotations       map[string]string
		DeletionTimestamp string
	}
	Spec   struct{ PersistentVolumeReclaimPolicy string }
	Status struct{ Phase string }
}

// Light makes and deletes the volumes of light nodes, as local-path-provisioner does: by name, shape and time, without a
// folder. Beside a real provisioner both may act on one claim; the second finds it done.
type Light struct {
	API *kubeapi.Client
	// Nodes selects the light nodes by label.
	Nodes string
	// Folder is where nodes keep volumes.
	Folder string
}

// Run does so until the context ends.
func (l *Light) Run(ctx context.Context) {
	kubeapi.Follow(ctx, "Volumes of light nodes", interval, l.once)
}

func (l *Light) once(ctx context.Context) error {
	var nodes struct {
		Items []struct{ Metadata struct{ Name string } }
	}
	if err := l.API.Get(ctx, "/api/v1/nodes?labelSelector="+l.Nodes, &nodes); err != nil || len(nodes.Items) == 0 {
		return err
	}
	light := map[string]bool{}
	for _, one := range nodes.Items {
		light[one.Metadata.Name] = true
	}
	if err := l.provide(ctx, light); err != nil {
		return err
	}
	return l.reclaim(ctx, light)
}

// provide makes the volumes that claims wait for.
func (l *Light) provide(ctx context.Context, light map[string]bool) error {
	var claims struct{ Items []claim }
	if err := l.API.Get(ctx, "/api/v1/persistentvolumeclaims", &claims); err != nil {
		return err
	}
	for _, one := range claims.Items {
		if !light[one.Metadata.Annotations[claimsNode]] || !one.waits() {
			continue
		}
		made := one.volume(l.Folder)
		err := l.API.Create(ctx, "/api/v1/persistentvolumes", made)
		if err != nil && !kubeapi.IsConflict(err) {
			return err
		}
		if err == nil {
			log.Info("Volume %s of claim %s/%s is made without a folder", one.volumeName(), one.Metadata.Namespace, one.Metadata.Name)
		}
	}
	return nil
}

// reclaim deletes the volumes whose claims are gone.
func (l *Light) reclaim(ctx context.Context, light map[string]bool) error {
	var volumes struct{ Items []volume }
	if err := l.API.Get(ctx, "/api/v1/persistentvolumes", &volumes); err != nil {
		return err
	}
	for _, one := range volumes.Items {
		if !light[one.Metadata.Annotations[volumesNode]] || !one.isOver() {
			continue
		}
		if err := l.API.Delete(ctx, "/api/v1/persistentvolumes/"+one.Metadata.Name); err != nil {
			return err
		}
	}
	return nil
}

// waits tells whether the provisioner would make a volume for a claim; it refuses to where pods of several nodes could use
// it, and where the claim selects a volume.
func (c claim) waits() bool {
	single := func(mode string) bool { return mode == "ReadWriteOnce" || mode == "ReadWriteOncePod" }
	several := slices.ContainsFunc(c.Spec.AccessModes, func(mode string) bool { return !single(mode) })
	return c.Spec.StorageClassName == class && c.Spec.VolumeName == "" && c.Metadata.DeletionTimestamp == "" &&
		c.Spec.Selector == nil && !several
}

// isOver tells whether the provisioner would delete a volume.
func (v volume) isOver() bool {
	return v.Metadata.Annotations[provisionedBy] == provisioner && v.Status.Phase == "Released" &&
		v.Spec.PersistentVolumeReclaimPolicy == "Delete" && v.Metadata.DeletionTimestamp == ""
}

// volumeName is the same for every provisioner of Kubernetes, so that a claim gets one volume however many try.
func (c claim) volumeName() string { return "pvc-" + c.Metadata.UID }

// volume is what local-path-provisioner 0.0.37 makes for a claim, in a folder of all volumes.
func (c claim) volume(folder string) kubeapi.Object {
	name, node := c.volumeName(), c.Metadata.Annotations[claimsNode]
	path := filepath.Join(folder, strings.Join([]string{name, c.Metadata.Namespace, c.Metadata.Name}, "_"))
	here := kubeapi.Object{"key": "kubernetes.io/hostname", "operator": "In", "values": []string{node}}
	terms := []kubeapi.Object{{"matchExpressions": []kubeapi.Object{here}}}
	return kubeapi.Object{
		"apiVersion": "v1", "kind": "PersistentVolume",
		"metadata": kubeapi.Object{
			"name":        name,
			"annotations": kubeapi.Object{volumesNode: node, provisionedBy: provisioner},
		},
		"spec": kubeapi.Object{
			"accessModes": c.Spec.AccessModes,
			"capacity":    kubeapi.Object{"storage": c.Spec.Resources.Requests["storage"]},
			"claimRef": kubeapi.Object{
				"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": c.Metadata.Namespace, "name": c.Metadata.Name,
				"uid": c.Metadata.UID, "resourceVersion": c.Metadata.ResourceVersion,
			},
			"local":                         kubeapi.Object{"path": path},
			"nodeAffinity":                  kubeapi.Object{"required": kubeapi.Object{"nodeSelectorTerms": terms}},
			"persistentVolumeReclaimPolicy": "Delete",
			"storageClassName":              class,
			"volumeMode":                    "Filesystem",
		},
	}
}
