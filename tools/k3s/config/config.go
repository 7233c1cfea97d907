// Package config reads config.yaml, its drop-ins, the environment and the command line as K3s does: every key becomes a
// flag, and flags are read from left to right.
package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"sophia/tools/k3s/log"
)

// File is where K3s looks when neither a flag nor K3S_CONFIG_FILE says otherwise.
const File = "/etc/rancher/k3s/config.yaml"

// Flag is one key that a command takes.
type Flag struct {
	Type    string          `json:"type"`
	Default json.RawMessage `json:"default"`
	Aliases []string        `json:"aliases"`
}

// Keys are the flags of the commands that read config.yaml, as providers/host/k3s_flags.json writes them down.
type Keys struct {
	Version string          `json:"version"`
	Server  map[string]Flag `json:"server"`
	Agent   map[string]Flag `json:"agent"`
}

// ParseKeys reads the file of keys.
func ParseKeys(data []byte) (Keys, error) {
	var keys Keys
	if err := json.Unmarshal(data, &keys); err != nil {
		return keys, fmt.Errorf("k3s_flags.json: %w", err)
	}
	if len(keys.Server) == 0 || len(keys.Agent) == 0 {
		return keys, errors.New("k3s_flags.json: no keys of server or agent")
	}
	return keys, nil
}

// Values are the flags of one run.
type Values struct {
	// Arguments is the command line with config.yaml in it, as K3s keeps it in the annotation k3s.io/node-args.
	Arguments []string

	flags map[string]Flag
	given map[string][]string
}

// environment are the variables that set a flag which nothing else sets.
var environment = map[string]string{
	"token":                 "K3S_TOKEN",
	"token-file":            "K3S_TOKEN_FILE",
	"agent-token":           "K3S_AGENT_TOKEN",
	"agent-token-file":      "K3S_AGENT_TOKEN_FILE",
	"server":                "K3S_URL",
	"node-name":             "K3S_NODE_NAME",
	"cluster-init":          "K3S_CLUSTER_INIT",
	"cluster-reset":         "K3S_CLUSTER_RESET",
	"write-kubeconfig":      "K3S_KUBECONFIG_OUTPUT",
	"write-kubeconfig-mode": "K3S_KUBECONFIG_MODE",
	"data-dir":              "K3S_DATA_DIR",
	"resolv-conf":           "K3S_RESOLV_CONF",
}

// Parse reads the arguments after a command's name, and config.yaml before them. With lenient set, a key of config.yaml
// that the command does not know is left out with a warning; else it is an error, as an unknown argument always is.
func Parse(flags map[string]Flag, command string, arguments []string, lenient bool) (*Values, error) {
	fromFile, err := readFiles(configFile(arguments))
	if err != nil {
		return nil, err
	}
	values := &Values{flags: flags, given: map[string][]string{}}
	names := canonical(flags)
	if lenient {
		fromFile = known(fromFile, names)
	}
	all := append(slices.Clone(fromFile), arguments...)
	values.Arguments = append([]string{command}, all...)
	for len(all) > 0 {
		all, err = values.take(all, names)
		if err != nil {
			return nil, err
		}
	}
	for name, variable := range environment {
		if value := os.Getenv(variable); value != "" && values.given[name] == nil && hasKey(flags, name) {
			values.given[name] = []string{value}
		}
	}
	return values, values.check()
}

// Set tells whether a flag was given.
func (v *Values) Set(name string) bool { return v.given[name] != nil }

// String returns the last value of a flag, or its default.
func (v *Values) String(name string) string {
	if given := v.given[name]; given != nil {
		return given[len(given)-1]
	}
	var value string
	json.Unmarshal(v.flags[name].Default, &value)
	return value
}

// Bool returns whether a flag is on.
func (v *Values) Bool(name string) bool {
	if given := v.given[name]; given != nil {
		value, _ := strconv.ParseBool(given[len(given)-1])
		return value
	}
	var value bool
	json.Unmarshal(v.flags[name].Default, &value)
	return value
}

// Int returns a flag's number.
func (v *Values) Int(name string) int {
	if given := v.given[name]; given != nil {
		value, _ := strconv.Atoi(given[len(given)-1])
		return value
	}
	var value int
	json.Unmarshal(v.flags[name].Default, &value)
	return value
}

// List returns all values of a flag.
func (v *Values) List(name string) []string { return slices.Clone(v.given[name]) }

// Split returns all values of a flag, where one may be several with commas between.
func (v *Values) Split(name string) []string {
	var result []string
	for _, value := range v.given[name] {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				result = append(result, part)
			}
		}
	}
	return result
}

// Secret returns what a flag holds, or what the file holds that the flag with `-file` behind its name names.
func (v *Values) Secret(name string) (string, error) {
	if path := v.String(name + "-file"); path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		return strings.TrimSpace(string(data)), nil
	}
	return v.String(name), nil
}

// take reads the first argument and returns those that are left.
func (v *Values) take(arguments []string, names map[string]string) ([]string, error) {
	argument, rest := arguments[0], arguments[1:]
	if !strings.HasPrefix(argument, "-") {
		return nil, fmt.Errorf("unexpected argument %q", argument)
	}
	given, value, joined := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(argument, "-"), "-"), "=")
	name, exists := names[given]
	if !exists {
		return nil, fmt.Errorf("flag provided but not defined: -%s", given)
	}
	switch {
	case joined:
	case v.flags[name].Type == "bool":
		value = "true"
	case len(rest) == 0:
		return nil, fmt.Errorf("flag needs an argument: -%s", given)
	default:
		value, rest = rest[0], rest[1:]
	}
	v.given[name] = append(v.given[name], value)
	return rest, nil
}

// check refuses values that are not of their flag's type.
func (v *Values) check() error {
	for name, given := range v.given {
		for _, value := range given {
			var err error
			switch v.flags[name].Type {
			case "bool":
				_, err = strconv.ParseBool(value)
			case "int":
				_, err = strconv.ParseInt(value, 0, 64)
			case "duration":
				_, err = time.ParseDuration(value)
			}
			if err != nil {
				return fmt.Errorf("invalid value %q for flag -%s: parse error", value, name)
			}
		}
	}
	return nil
}

func configFile(arguments []string) string {
	for i, argument := range arguments {
		for _, name := range []string{"--config", "-c"} {
			if argument == name && i+1 < len(arguments) {
				return arguments[i+1]
			}
			if path, found := strings.CutPrefix(argument, name+"="); found {
				return path
			}
		}
	}
	if path := os.Getenv("K3S_CONFIG_FILE"); path != "" {
		return path
	}
	return File
}

// known leaves out, with a warning, what a command does not take.
func known(arguments []string, names map[string]string) []string {
	var result []string
	for _, argument := range arguments {
		given, _, _ := strings.Cut(argument, "=")
		if _, exists := names[strings.TrimLeft(given, "-")]; !exists {
			log.Warn("Unknown flag %s found in config.yaml, skipping\n", given)
			continue
		}
		result = append(result, argument)
	}
	return result
}

// canonical maps every name of a flag, aliases too, to the one it is kept under.
func canonical(flags map[string]Flag) map[string]string {
	names := map[string]string{}
	for name, flag := range flags {
		names[name] = name
		for _, alias := range flag.Aliases {
			names[alias] = name
		}
	}
	return names
}

func hasKey(flags map[string]Flag, name string) bool {
	_, exists := flags[name]
	return exists
}

// dropIns are the files of config.yaml.d, in the order of their names.
func dropIns(path string) ([]string, error) {
	entries, err := os.ReadDir(path + ".d")
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		if extension := filepath.Ext(entry.Name()); extension == ".yaml" || extension == ".yml" {
			files = append(files, filepath.Join(path+".d", entry.Name()))
		}
	}
	return files, nil
}
