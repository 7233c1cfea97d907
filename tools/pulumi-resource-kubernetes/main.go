// The official pulumi-kubernetes provider. Its own main embeds generated files that its module does not hold,
// so set-up writes schema.json here (the module's schema with the version added) before it builds.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

func main() { provider.Serve("kubernetes", version.Version, schema, []byte("{}")) }
