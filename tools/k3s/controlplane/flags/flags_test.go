package flags

import (
	"slices"
	"testing"
)

func TestTheOperatorsFlagWinsAddsOrGoesBefore(t *testing.T) {
	own := map[string]string{"a": "1", "b": "1", "c": "1", "d": "1"}
	merged := Merge(own, []string{"a=2", "b+=2", "--c-=2", "e", "f=1", "f=2"})
	want := []string{"--a=2", "--b=1", "--b=2", "--c=2", "--c=1", "--d=1", "--e=true", "--f=1", "--f=2"}
	if !slices.Equal(merged, want) {
		t.Errorf("merged %v, not %v", merged, want)
	}
}
