// Package flags merges what K3s gives a component with what its operator gives it.
package flags

import (
	"maps"
	"slices"
	"strings"
)

// Merge returns command-line arguments in the order of their names. A flag of the operator takes the place of K3s' own; with
// a plus behind its name it stands after it, with a minus before it. A flag given twice is there twice.
func Merge(own map[string]string, extra []string) []string {
	values := map[string][]string{}
	touched := map[string]bool{}
	for name, value := range own {
		values[name] = []string{value}
	}
	for _, argument := range extra {
		given, value, joined := strings.Cut(strings.TrimPrefix(argument, "--"), "=")
		if !joined {
			value = "true"
		}
		name := strings.TrimRight(given, "-+")
		switch {
		case strings.HasSuffix(given, "+"):
			values[name] = append(values[name], value)
		case strings.HasSuffix(given, "-"):
			values[name] = append([]string{value}, values[name]...)
		case touched[name]:
			values[name] = append(values[name], value)
		default:
			values[name] = []string{value}
		}
		touched[name] = true
	}
	var arguments []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			arguments = append(arguments, "--"+name+"="+value)
		}
	}
	return arguments
}

// Value returns what the operator gave a flag, or nothing.
func Value(extra []string, name string) string {
	for _, argument := range extra {
		given, value, _ := strings.Cut(strings.TrimPrefix(argument, "--"), "=")
		if given == name {
			return value
		}
	}
	return ""
}
