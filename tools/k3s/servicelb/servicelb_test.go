package servicelb

import (
	"encoding/json"
	"strings"
	"testing"
)

func balancer(t *testing.T, text string) service {
	t.Helper()
	var one service
	if err := json.Unmarshal([]byte(text), &one); err != nil {
		t.Fatal(err)
	}
	return one
}

const traefik = `{
	"metadata": {"name": "traefik", "namespace": "kube-system", "uid": "12ab-34cd"},
	"spec": {"clusterIP": "10.43.7.7", "ports": [{"port": 443, "protocol": "TCP"}, {"port": 443, "protocol": "UDP"}]}
}`

// set is what these tests read of a DaemonSet.
type set struct {
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		Template struct {
			Spec struct {
				NodeSelector map[string]string
				Tolerations  []struct{ Key string }
				Containers   []struct {
					Ports []struct{ HostPort int }
					Env   []struct{ Name, Value string }
				}
			}
		}
	}
}

func made(t *testing.T, one service, selected bool) set {
	t.Helper()
	text, err := json.Marshal(daemonSet(one, Image, "kube-system", selected))
	if err != nil {
		t.Fatal(err)
	}
	var found set
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAServiceIsHeldAtItsPortsOfTCPByPodsOfItsOwn(t *testing.T) {
	found := made(t, balancer(t, traefik), false)
	if found.Metadata.Name != "svclb-traefik-12ab" || found.Metadata.Labels[svcName] != "traefik" {
		t.Errorf("%+v", found.Metadata)
	}
	containers := found.Spec.Template.Spec.Containers
	if len(containers) != 1 || containers[0].Ports[0].HostPort != 443 {
		t.Fatalf("%+v", containers)
	}
	told := map[string]string{}
	for _, one := range containers[0].Env {
		told[one.Name] = one.Value
	}
	if told["DEST_IPS"] != "10.43.7.7" || told["DEST_PORT"] != "443" {
		t.Errorf("%v", told)
	}
}

func TestPodsAreOnLabelledNodesAloneWhereThereAreAny(t *testing.T) {
	one := balancer(t, traefik)
	for _, selected := range []bool{false, true} {
		if got := made(t, one, selected).Spec.Template.Spec.NodeSelector[enabled]; (got == "true") != selected {
			t.Errorf("selected %v: %q", selected, got)
		}
	}
}

func TestTolerationsOfTheServiceComeBesideThoseOfK3s(t *testing.T) {
	one := balancer(t, traefik)
	one.Metadata.Annotations = map[string]string{tolerations: "[{key: gpu, operator: Exists}]"}
	var keys []string
	for _, toleration := range made(t, one, false).Spec.Template.Spec.Tolerations {
		keys = append(keys, toleration.Key)
	}
	if got := strings.Join(keys, " "); got != "node-role.kubernetes.io/control-plane CriticalAddonsOnly gpu" {
		t.Errorf("got %s", got)
	}
}

func TestANodeIsReachedAtItsExternalAddressWhereItHasOne(t *testing.T) {
	for text, want := range map[string]string{
		`[{"type": "InternalIP", "address": "10.16.0.1"}, {"type": "ExternalIP", "address": "203.0.113.1"}]`: "203.0.113.1",
		`[{"type": "Hostname", "address": "a"}, {"type": "InternalIP", "address": "10.16.0.1"}]`:             "10.16.0.1",
		`[]`: "",
	} {
		var one node
		if err := json.Unmarshal([]byte(`{"status": {"addresses": `+text+`}}`), &one); err != nil {
			t.Fatal(err)
		}
		if got := address(one); got != want {
			t.Errorf("%s: got %s", text, got)
		}
	}
}
