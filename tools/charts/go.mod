module sophia/tools/charts

go 1.26.0

// Files only: nothing imports them, so `go mod tidy` would take them out.
require (
	github.com/cert-manager/cert-manager v1.20.0
	github.com/traefik/traefik-helm-chart v41.6.0+incompatible
	sigs.k8s.io/gateway-api v1.5.0
)
