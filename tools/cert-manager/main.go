// cert-manager's own controllers, webhook and CA injector behind one main: the mains of its commands are in modules that no
// module proxy has. Flags are those that its chart gives; others are refused. There is no election of a leader: the
// rehearsal runs one of each.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"
	logsapi "k8s.io/component-base/logs/api/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/cert-manager/cert-manager/pkg/logs"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("which part: controller, webhook or cainjector"))
	}
	parts := map[string]func(*pflag.FlagSet) func() error{"controller": controller, "webhook": webhook, "cainjector": cainjector}
	part, known := parts[os.Args[1]]
	if !known {
		fail(fmt.Errorf("%s is no part of cert-manager: controller, webhook and cainjector are", os.Args[1]))
	}
	flags := pflag.NewFlagSet(os.Args[1], pflag.ExitOnError)
	flags.String("leader-election-namespace", "", "")
	run := part(flags)
	if flags.Lookup("v") == nil {
		logs.AddFlags(logging, flags)
	}
	if err := flags.Parse(os.Args[2:]); err != nil {
		fail(err)
	}
	logs.InitLogs()
	if err := logs.ValidateAndApply(logging); err != nil {
		fail(err)
	}
	ctrl.SetLogger(logs.Log)
	if err := run(); err != nil {
		fail(err)
	}
}

var logging = logsapi.NewLoggingConfiguration()

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
