package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// readFiles turns config.yaml and its drop-ins into arguments. A later file's key takes the earlier one's place; a key
// with a plus behind it adds to it.
func readFiles(path string) ([]string, error) {
	files, err := dropIns(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err == nil {
		files = append([]string{path}, files...)
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var order []string
	values := map[string][]string{}
	for _, file := range files {
		pairs, err := readFile(file)
		if err != nil {
			return nil, err
		}
		for _, pair := range pairs {
			key, adds := strings.CutSuffix(pair.key, "+")
			earlier, seen := values[key]
			if !seen {
				order = append(order, key)
			}
			if !adds {
				earlier = nil
			}
			values[key] = append(earlier, pair.values...)
		}
	}
	var arguments []string
	for _, key := range order {
		dashes := "--"
		if len(key) == 1 {
			dashes = "-"
		}
		for _, value := range values[key] {
			arguments = append(arguments, dashes+key+"="+value)
		}
	}
	return arguments, nil
}

type pair struct {
	key    string
	values []string
}

func readFile(path string) ([]pair, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	mapping := document.Content[0]
	if mapping.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: cannot unmarshal into a mapping of keys", path)
	}
	var pairs []pair
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i].Value, mapping.Content[i+1]
		values := []string{}
		if value.Kind == yaml.SequenceNode {
			for _, item := range value.Content {
				values = append(values, text(item))
			}
		} else {
			values = append(values, text(value))
		}
		pairs = append(pairs, pair{key, values})
	}
	return pairs, nil
}

// text is what a scalar becomes on a command line: a number is read first, so that 0644 without quotes is 420.
func text(value *yaml.Node) string {
	if value.Kind != yaml.ScalarNode || value.Tag == "!!null" {
		return ""
	}
	if value.Tag == "!!int" {
		var number int64
		if value.Decode(&number) == nil {
			return fmt.Sprint(number)
		}
	}
	return value.Value
}
