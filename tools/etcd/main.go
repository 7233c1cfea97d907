// One static binary for etcd and its clients: the name it is called by picks the server, etcdctl or etcdutl.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/etcdctl/v3/ctlv3"
	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "etcdctl":
		ctlv3.MustStart()
	case "etcdutl":
		utility()
	default:
		fmt.Fprintf(os.Stderr, "%s: call this program as etcd, etcdctl or etcdutl\n", name)
		os.Exit(2)
	}
}
