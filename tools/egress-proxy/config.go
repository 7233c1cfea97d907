package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Config is what the proxy lets through; the catalog writes it.
type Config struct {
	Clients []Client `json:"clients"`
}

// Client is one workload, which comes in by a port of its own: only its pods reach that, by their NetworkPolicy.
type Client struct {
	Name         string        `json:"name"`
	Port         int           `json:"port"`
	Destinations []Destination `json:"destinations"`
}

// Destination is where it may connect to.
type Destination struct {
	// Hosts are names; "*.example.com" stands for every name below example.com.
	Hosts []string `json:"hosts"`
	Ports []int    `json:"ports"`
}

func readConfig(path string) (Config, error) {
	opened, err := os.Open(path)
	if err != nil {
		return Config{}, err
	}
	defer opened.Close()
	return parse(opened, path)
}

func parse(from io.Reader, name string) (Config, error) {
	var config Config
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	return config, nil
}
