package main

import (
	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	extensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	registration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	certmanager "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	injector "github.com/cert-manager/cert-manager/pkg/controller/cainjector"
)

// cainjector gives webhooks and definitions the authority that they are called with.
func cainjector(*pflag.FlagSet) func() error {
	return func() error {
		types := runtime.NewScheme()
		for _, add := range []func(*runtime.Scheme) error{
			scheme.AddToScheme, certmanager.AddToScheme, extensions.AddToScheme, registration.AddToScheme,
		} {
			if err := add(types); err != nil {
				return err
			}
		}
		manager, err := ctrl.NewManager(ctrl.GetConfigOrDie(), ctrl.Options{
			Scheme: types,
			// It needs the metadata of all Secrets and the content of few: those are asked for when needed.
			Client:  client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
			Metrics: metrics.Options{BindAddress: ":9402"},
		})
		if err != nil {
			return err
		}
		ctx := ctrl.SetupSignalHandler()
		enabled := map[string]bool{
			injector.MutatingWebhookConfigurationName:   true,
			injector.ValidatingWebhookConfigurationName: true,
			injector.APIServiceName:                     true,
			injector.CustomResourceDefinitionName:       true,
		}
		options := injector.SetupOptions{EnableCertificatesDataSource: true, EnabledReconcilersFor: enabled}
		if err := injector.RegisterAllInjectors(ctx, manager, options); err != nil {
			return err
		}
		return manager.Start(ctx)
	}
}
