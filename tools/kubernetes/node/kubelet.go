package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapiserver "k8s.io/apiserver/pkg/server"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/component-base/version/verflag"
	"k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/apis/config/validation"
)

// newKubeletCommand is the kubelet with its own flags and configuration files, which reports the size of the machine
// that sizeFile describes.
//
// Upstream's command makes its dependencies where no caller reaches them, so its steps are repeated here.
func newKubeletCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "kubelet",
		DisableFlagParsing: true, // flags are read twice, before and after the files
		SilenceUsage:       true,
		RunE: func(_ *cobra.Command, arguments []string) error {
			return runKubelet(genericapiserver.SetupSignalContext(), arguments)
		},
	}
}

func runKubelet(ctx context.Context, arguments []string) error {
	flags := options.NewKubeletFlags()
	config, err := options.NewKubeletConfiguration()
	if err != nil {
		return fmt.Errorf("default configuration: %w", err)
	}
	set := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	set.SetNormalizeFunc(cliflag.WordSepNormalizeFunc)
	flags.AddFlags(set)
	options.AddKubeletConfigFlags(set, config)
	options.AddGlobalFlags(set)
	if err := set.Parse(arguments); err != nil {
		return fmt.Errorf("flags: %w", err)
	}
	if set.NArg() > 0 {
		return fmt.Errorf("unknown command %q", set.Arg(0))
	}
	verflag.PrintAndExitIfRequested()
	if err := options.ValidateKubeletFlags(flags); err != nil {
		return fmt.Errorf("flags: %w", err)
	}
	if config, err = configuration(ctx, flags, config, arguments); err != nil {
		return err
	}
	if err := apply(config); err != nil {
		return err
	}
	server := &options.KubeletServer{KubeletFlags: *flags, KubeletConfiguration: *config}
	dependencies, err := app.UnsecuredDependencies(ctx, server, utilfeature.DefaultFeatureGate)
	if err != nil {
		return fmt.Errorf("dependencies: %w", err)
	}
	if dependencies.CAdvisorInterface, err = measuredAs(ctx, server); err != nil {
		return err
	}
	return app.Run(ctx, server, dependencies, utilfeature.DefaultFeatureGate)
}

// apply checks the configuration and sets the process's feature gates and logging from it.
func apply(config *kubeletconfig.KubeletConfiguration) error {
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(config.FeatureGates); err != nil {
		return fmt.Errorf("feature gates: %w", err)
	}
	logs.InitLogs()
	if err := logsapi.ValidateAndApplyAsField(&config.Logging, utilfeature.DefaultFeatureGate, field.NewPath("logging")); err != nil {
		return fmt.Errorf("logging: %w", err)
	}
	if err := validation.ValidateKubeletConfiguration(config, utilfeature.DefaultFeatureGate); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return nil
}
