// Object storage on one machine: Versity's S3 gateway over a folder, with accounts that each have one bucket.
//
// Every request is checked as S3 checks it; only where accounts come from is ours.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

const (
	port = "443"
	// most is how many connections and requests there may be at once; a cluster's backups are a few dozen.
	most = 1000
	// parts is what S3 allows of one upload, and limit the bytes of one copy.
	parts = 10_000
	limit = 5 << 30
)

func main() {
	address := flag.String("address", "", "the address that it takes connections at, on port "+port)
	name := flag.String("name", "", "its name; a name below is that of a bucket")
	region := flag.String("region", "", "the region that requests are signed for")
	folder := flag.String("folder", "", "the folder with "+accountsFile+", certificate.pem, key.pem and buckets")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *address, *name, *region, *folder); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, address, name, region, folder string) error {
	folder, err := filepath.Abs(folder) // the backend changes the working directory
	if err != nil {
		return err
	}
	buckets := filepath.Join(folder, "buckets")
	if err := os.MkdirAll(buckets, 0o700); err != nil {
		return err
	}
	if err := (meta.XattrMeta{}).Test(buckets); err != nil {
		return err
	}
	options := posix.PosixOpts{Concurrency: most, CopyObjectThreshold: limit}
	options.SetNewDirPerm(0o700)
	options.SetNewFilePerm(0o600)
	storage, err := posix.New(buckets, meta.XattrMeta{}, options)
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(ctx, storage, &embedgw.Config{
		// Someone has to be root; nobody ever learns who.
		RootUserAccess:    rand.Text(),
		RootUserSecret:    rand.Text(),
		IAMService:        &accounts{file: filepath.Join(folder, accountsFile), storage: storage},
		Region:            region,
		Ports:             []string{net.JoinHostPort(address, port)},
		VirtualDomain:     name,
		CertFile:          filepath.Join(folder, "certificate.pem"),
		KeyFile:           filepath.Join(folder, "key.pem"),
		MaxConnections:    most,
		MaxRequests:       most,
		MultipartMaxParts: parts,
		DisableACLs:       true, // a bucket is its owner's alone
		Quiet:             true,
		// No KeepAlive: after a PUT that was refused, 11 of 300 next requests of the same connection were taken for its body
		// and answered 400 (measured with botocore 1.44.8, 2026-11-29).
	})
}
