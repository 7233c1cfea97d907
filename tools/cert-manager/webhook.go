package main

import (
	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"

	admission "github.com/cert-manager/cert-manager/internal/webhook"
	"github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/webhook/options"
)

// webhook checks what is asked of certificates and issuers.
func webhook(flags *pflag.FlagSet) func() error {
	configuration, err := options.NewWebhookConfiguration()
	if err != nil {
		return func() error { return err }
	}
	options.AddConfigFlags(flags, configuration)
	return func() error {
		ctx := logs.NewContext(ctrl.SetupSignalHandler(), logs.Log, "webhook")
		server, err := admission.NewCertManagerWebhookServer(logs.Log, *configuration)
		if err != nil {
			return err
		}
		return server.Run(ctx)
	}
}
