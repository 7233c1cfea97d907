package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/apis/config/scheme"
	"k8s.io/kubernetes/pkg/kubelet/eviction"
	"k8s.io/kubernetes/pkg/kubelet/kubeletconfig/configfiles"
	"k8s.io/kubernetes/pkg/kubelet/kubeletconfig/util/codec"
	utilfs "k8s.io/kubernetes/pkg/util/filesystem"
)

const empty = `{"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}`

// configuration is what the files say, --config first and then those of --config-dir in order, under what the flags
// say; without files it is what the flags said already.
//
// Paths in the files are absolute: unlike upstream, none is taken as relative to its file.
func configuration(ctx context.Context, flags *options.KubeletFlags, fromFlags *kubeletconfig.KubeletConfiguration, arguments []string) (*kubeletconfig.KubeletConfiguration, error) {
	if flags.KubeletConfigFile == "" && flags.KubeletDropinConfigDirectory == "" {
		return fromFlags, nil
	}
	merged := []byte(empty)
	for _, step := range []func([]byte) ([]byte, error){
		func(base []byte) ([]byte, error) { return withFile(base, flags.KubeletConfigFile) },
		func(base []byte) ([]byte, error) { return withDirectory(base, flags.KubeletDropinConfigDirectory) },
	} {
		var err error
		if merged, err = step(merged); err != nil {
			return nil, err
		}
	}
	_, codecs, err := scheme.NewSchemeAndCodecs(serializer.EnableStrict)
	if err != nil {
		return nil, fmt.Errorf("configuration scheme: %w", err)
	}
	config, err := codec.DecodeKubeletConfiguration(ctx, codecs, merged)
	if err != nil {
		return nil, fmt.Errorf("configuration files: %w", err)
	}
	if config.EvictionHard == nil {
		config.EvictionHard = eviction.DefaultEvictionHard
	}
	return config, overlayFlags(config, arguments)
}

func withFile(base []byte, path string) ([]byte, error) {
	if path == "" {
		return base, nil
	}
	loader, err := configfiles.NewFsLoader(&utilfs.DefaultFs{}, path)
	if err != nil {
		return nil, fmt.Errorf("configuration file %s: %w", path, err)
	}
	content, _, err := loader.LoadIntoJSON()
	if err != nil {
		return nil, fmt.Errorf("configuration file %s: %w", path, err)
	}
	return jsonpatch.MergePatch(base, content)
}

func withDirectory(base []byte, folder string) ([]byte, error) {
	if folder == "" {
		return base, nil
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".conf" {
			return err
		}
		base, err = withFile(base, path)
		return err
	})
	return base, err
}

// overlayFlags reads the configuration's flags once more, over the files; all other flags were read and change nothing.
func overlayFlags(config *kubeletconfig.KubeletConfiguration, arguments []string) error {
	known := pflag.NewFlagSet("", pflag.ContinueOnError)
	options.NewKubeletFlags().AddFlags(known)
	options.AddGlobalFlags(known)
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	set.SetNormalizeFunc(cliflag.WordSepNormalizeFunc)
	set.SetOutput(io.Discard) // deprecations were told at the first reading
	known.VisitAll(func(flag *pflag.Flag) {
		set.VarPF(cliflag.NoOp{}, flag.Name, flag.Shorthand, "").NoOptDefVal = flag.NoOptDefVal
	})
	options.AddKubeletConfigFlags(set, config)
	gates := config.FeatureGates
	if err := set.Parse(arguments); err != nil {
		return fmt.Errorf("flags: %w", err)
	}
	for name, on := range gates {
		if _, set := config.FeatureGates[name]; !set {
			config.FeatureGates[name] = on
		}
	}
	return nil
}
