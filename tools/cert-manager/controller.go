package main

import (
	"context"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/resource"
	ctrl "sigs.k8s.io/controller-runtime"

	controllers "github.com/cert-manager/cert-manager/internal/apis/config/controller/v1alpha1"
	manager "github.com/cert-manager/cert-manager/pkg/controller"
	gateways "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/gateways"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	"github.com/cert-manager/cert-manager/pkg/logs"
)

const workers = 5

// controller issues certificates. Its options are the defaults of its configuration (internal/apis/config/controller).
func controller(flags *pflag.FlagSet) func() error {
	options := manager.ContextOptions{
		KubernetesAPIQPS:   20,
		KubernetesAPIBurst: 50,
		IssuerOptions:      manager.IssuerOptions{ClusterIssuerAmbientCredentials: true},
		ACMEOptions: manager.ACMEOptions{
			HTTP01SolverResourceRequestCPU:    resource.MustParse("10m"),
			HTTP01SolverResourceRequestMemory: resource.MustParse("64Mi"),
			HTTP01SolverResourceLimitsCPU:     resource.MustParse("100m"),
			HTTP01SolverResourceLimitsMemory:  resource.MustParse("64Mi"),
			ACMEHTTP01SolverRunAsNonRoot:      true,
			DNS01CheckAuthoritative:           true,
			DNS01CheckRetryPeriod:             10 * time.Second,
		},
		IngressShimOptions: manager.IngressShimOptions{
			DefaultIssuerKind:                 "Issuer",
			DefaultIssuerGroup:                "cert-manager.io",
			DefaultAutoCertificateAnnotations: []string{"kubernetes.io/tls-acme"},
		},
		CertificateOptions: manager.CertificateOptions{
			CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
			CertificateRequestMinimumBackoffDuration: time.Hour,
		},
	}
	flags.StringVar(&options.ClusterResourceNamespace, "cluster-resource-namespace", "kube-system", "")
	flags.StringVar(&options.HTTP01SolverImage, "acme-http01-solver-image", "", "")
	flags.IntVar(&options.MaxConcurrentChallenges, "max-concurrent-challenges", 60, "")
	flags.BoolVar(&options.EnableGatewayAPI, "enable-gateway-api", false, "")
	return func() error {
		ctx := logs.NewContext(ctrl.SetupSignalHandler(), logs.Log, "controller")
		return control(ctx, options)
	}
}

func control(ctx context.Context, options manager.ContextOptions) error {
	factory, err := manager.NewContextFactory(ctx, options)
	if err != nil {
		return err
	}
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	running, ctx := errgroup.WithContext(ctx)
	metrics, err := net.Listen("tcp", ":9402")
	if err != nil {
		return err
	}
	serve(running, ctx, shared.Metrics.NewServer(metrics), metrics)
	health, err := net.Listen("tcp", ":9403")
	if err != nil {
		return err
	}
	serve(running, ctx, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok")) })}, health)
	enabled := controllers.DefaultEnabledControllers
	if options.EnableGatewayAPI {
		enabled = append(slices.Clone(enabled), gateways.ControllerName)
	}
	for name, construct := range manager.Known() {
		if !slices.Contains(enabled, name) {
			continue
		}
		made, err := construct(factory)
		if err != nil {
			return err
		}
		running.Go(func() error { return made.Run(workers, ctx) })
	}
	shared.SharedInformerFactory.Start(ctx.Done())
	shared.KubeSharedInformerFactory.Start(ctx.Done())
	shared.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	if shared.GatewaySolverEnabled {
		shared.GWShared.Start(ctx.Done())
	}
	return running.Wait()
}

// serve answers until the context ends.
func serve(running *errgroup.Group, ctx context.Context, server *http.Server, listener net.Listener) {
	running.Go(func() error {
		if err := server.Serve(listener); err != http.ErrServerClosed {
			return err
		}
		return nil
	})
	running.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
}
