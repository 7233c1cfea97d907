package localstorage

import (
	"encoding/json"
	"strings"
	"testing"
)

const data = `{
	"metadata": {
		"name": "data-postgresql-0", "namespace": "data", "uid": "12ab-34cd", "resourceVersion": "77",
		"annotations": {"volume.kubernetes.io/selected-node": "core"}
	},
	"spec": {"storageClassName": "local-path", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Gi"}}}
}`

func read[T any](t *testing.T, text string) T {
	t.Helper()
	var one T
	if err := json.Unmarshal([]byte(text), &one); err != nil {
		t.Fatal(err)
	}
	return one
}

func TestAVolumeIsNamedAndShapedAsByLocalPathProvisioner(t *testing.T) {
	got, err := json.Marshal(read[claim](t, data).volume("/srv/volumes"))
	if err != nil {
		t.Fatal(err)
	}
	// What local-path-provisioner 0.0.37 made for such a claim, without what the API server and the controllers add.
	want := `{"apiVersion":"v1","kind":"PersistentVolume",` +
		`"metadata":{"annotations":{"local.path.provisioner/selected-node":"core","pv.kubernetes.io/provisioned-by":"rancher.io/local-path"},` +
		`"name":"pvc-12ab-34cd"},` +
		`"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"100Gi"},` +
		`"claimRef":{"apiVersion":"v1","kind":"PersistentVolumeClaim","name":"data-postgresql-0","namespace":"data","resourceVersion":"77","uid":"12ab-34cd"},` +
		`"local":{"path":"/srv/volumes/pvc-12ab-34cd_data_data-postgresql-0"},` +
		`"nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["core"]}]}]}},` +
		`"persistentVolumeReclaimPolicy":"Delete","storageClassName":"local-path","volumeMode":"Filesystem"}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAClaimWaitsWhereTheProvisionerWouldMakeAVolume(t *testing.T) {
	for change, want := range map[[2]string]bool{
		{"", ""}: true,
		{`"ReadWriteOnce"`, `"ReadWriteOncePod"`}:                      true,
		{`"ReadWriteOnce"`, `"ReadWriteOnce", "ReadWriteMany"`}:        false,
		{`"local-path"`, `"another"`}:                                  false,
		{`"spec": {`, `"spec": {"volumeName": "pvc-12ab-34cd", `}:      false,
		{`"spec": {`, `"spec": {"selector": {}, `}:                     false,
		{`"uid"`, `"deletionTimestamp": "2026-11-29T00:00:00Z","uid"`}: false,
	} {
		if got := read[claim](t, strings.Replace(data, change[0], change[1], 1)).waits(); got != want {
			t.Errorf("%v: waits is %v", change, got)
		}
	}
}

func TestAVolumeIsOverWhereTheProvisionerWouldDeleteIt(t *testing.T) {
	const released = `{
		"metadata": {"name": "pvc-12ab-34cd", "annotations": {"pv.kubernetes.io/provisioned-by": "rancher.io/local-path"}},
		"spec": {"persistentVolumeReclaimPolicy": "Delete"}, "status": {"phase": "Released"}
	}`
	for change, want := range map[[2]string]bool{
		{"", ""}:                   true,
		{`"Released"`, `"Bound"`}:  false,
		{`"Released"`, `"Failed"`}: false,
		{`"Delete"`, `"Retain"`}:   false,
		{`rancher.io`, `example`}:  false,
		{`"name"`, `"deletionTimestamp": "2026-11-29T00:00:00Z","name"`}: false,
	} {
		if got := read[volume](t, strings.Replace(released, change[0], change[1], 1)).isOver(); got != want {
			t.Errorf("%v: isOver is %v", change, got)
		}
	}
}
