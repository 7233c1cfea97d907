package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSharingIsReadWithNVIDIAsOwnTypes(t *testing.T) {
	shared := `{version: v1, flags: {migStrategy: none}, sharing: {timeSlicing: {failRequestsGreaterThanOne: true, resources: [{name: nvidia.com/gpu, replicas: 4}]}}}`
	for text, want := range map[string]sharing{
		`{version: v1, flags: {migStrategy: none}}`: {times: 1},
		shared: {times: 4, alone: true},
		strings.Replace(shared, "/gpu", "/mig-1g.5gb", 1): {times: 1},
	} {
		got, err := readSharing(write(t, text))
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	if got, err := readSharing(""); err != nil || got.times != 1 {
		t.Errorf("without a file: %+v, %v", got, err)
	}
}

func TestWhatNVIDIAsTypesDoNotKnowIsRefused(t *testing.T) {
	for _, text := range []string{
		`{version: v2}`,
		`{version: v1, sharings: {}}`,
		`{version: v1, sharing: {timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: 0}]}}}`,
		`{version: v1, sharing: {timeSlicing: {resources: [{name: amd.com/gpu, replicas: 2}]}}}`,
	} {
		if got, err := readSharing(write(t, text)); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
