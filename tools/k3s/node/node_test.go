package node

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestAMachineOfAnotherArchitectureOrSaidToBeLightHasALightNode(t *testing.T) {
	for text, light := range map[string]bool{
		`{}`:                          false,
		`{"architecture": "s390x"}`:   true,
		`{"nodes": "light"}`:          true,
		`{"nodes": "full", "gpus":1}`: false,
	} {
		path := filepath.Join(t.TempDir(), "machine.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		machine, err := readMachine(path)
		if err != nil || machine.light() != light {
			t.Errorf("%s: light is %v, %v", text, machine.light(), err)
		}
	}
}

func TestAMachineWithoutADescriptionIsWhatItReallyIs(t *testing.T) {
	machine, err := readMachine(filepath.Join(t.TempDir(), "none"))
	if err != nil || machine.light() {
		t.Errorf("%v %v", machine, err)
	}
}

func TestReplicasAreThoseOfTheConfigurationOfNVIDIAsPlugin(t *testing.T) {
	for text, want := range map[string]int{
		"version: v1\nsharing: {timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: 4}]}}": 4,
		"version: v1": 1,
		"sharing: {timeSlicing: {resources: [{name: nvidia.com/mig-1g.5gb, replicas: 7}]}}": 1,
	} {
		if got, err := replicasIn(text); got != want || err != nil {
			t.Errorf("%q: got %d, %v", text, got, err)
		}
	}
	if _, err := replicasIn("sharing: ["); err == nil {
		t.Error("what is no YAML is read")
	}
}

func TestTheRuntimeOfNVIDIAIsThereWhereTheMachineHasAGPU(t *testing.T) {
	config := Config{DefaultRuntime: "nvidia"}
	if _, err := containerdConfig(config, machine{}); err == nil || !strings.Contains(err.Error(), "default runtime nvidia was not found") {
		t.Errorf("not refused: %v", err)
	}
	text, err := containerdConfig(config, machine{GPUs: 1})
	if err != nil || !strings.Contains(text, `default_runtime_name = "nvidia"`) || !strings.Contains(text, `runtimes."nvidia"]`) {
		t.Errorf("%v: %s", err, text)
	}
	if got := strings.Count(text, "base_runtime_spec"); got != 1 {
		t.Errorf("%d runtimes bring GPUs: %s", got, text)
	}
}

func TestGPUsAreAddedToWhatContainersBeginWith(t *testing.T) {
	text, err := withFiles(`{"mounts": [{"destination": "/proc"}], "process": {"cwd": "/"}}`, []string{"/dev/nvidia0"})
	if err != nil || !strings.Contains(text, `{"destination":"/proc"}`) || !strings.Contains(text, `"cwd":"/"`) {
		t.Errorf("%v: %s", err, text)
	}
	if !strings.Contains(text, `"destination":"/dev/nvidia0"`) || !strings.Contains(text, `"source":"/dev/nvidia0"`) {
		t.Error(text)
	}
	if _, err := withFiles("{", nil); err == nil {
		t.Error("what is no JSON is read")
	}
}

func TestFlagsOfTheUserComeLastSoThatTheyWin(t *testing.T) {
	arguments := kubeletArgs(Config{NodeName: "a", Labels: []string{"x=1", "y=2"}, KubeletArgs: []string{"max-pods=9", "--v=2"}})
	if got := arguments[len(arguments)-3:]; !reflect.DeepEqual(got, []string{"--node-labels=x=1,y=2", "--max-pods=9", "--v=2"}) {
		t.Errorf("got %v", got)
	}
}

func TestANameServerThatAPodCannotReachIsNotPassedOn(t *testing.T) {
	for text, want := range map[string]bool{
		"nameserver 127.0.0.53\n":               false,
		"":                                      false,
		"search x\nnameserver 10.0.0.2\n":       true,
		"nameserver 10.0.0.2\nnameserver ::1\n": false,
	} {
		if got := namesServer(text); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestRulesOfOthersStayAndTablesThatHoldNothingGo(t *testing.T) {
	saved := strings.Join([]string{
		"*nat", ":PREROUTING ACCEPT [0:0]", ":KUBE-KUBELET-CANARY - [0:0]", ":CNI-HOSTPORT-DNAT - [0:0]",
		"-A PREROUTING -j CNI-HOSTPORT-DNAT", "COMMIT",
		"*filter", ":INPUT ACCEPT [0:0]", ":mine - [0:0]", "-A INPUT -j mine", "-A INPUT -j KUBE-FIREWALL", "COMMIT", "",
	}, "\n")
	kept, empty := withoutOurs(saved)
	want := "*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:mine - [0:0]\n-A INPUT -j mine\nCOMMIT\n"
	if kept != want || !reflect.DeepEqual(empty, []string{"nat"}) {
		t.Errorf("kept %q, empty %v", kept, empty)
	}
}

func TestTheNamesOfAnImageAreCountedInItsArchive(t *testing.T) {
	for name, want := range map[string]int{"index.json": 3, "manifest.json": -1} {
		var content bytes.Buffer
		archive := tar.NewWriter(&content)
		index := `{"manifests": [{"digest": "a"}, {"digest": "a"}, {"digest": "a"}]}`
		archive.WriteHeader(&tar.Header{Name: "oci-layout", Mode: 0o644})
		archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(index))})
		archive.Write([]byte(index))
		archive.Close()
		path := filepath.Join(t.TempDir(), "image.tar")
		if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if names, err := imageNames(path); (err == nil) != (want >= 0) || (err == nil && names != want) {
			t.Errorf("with %s: %d names, %v", name, names, err)
		}
	}
}
