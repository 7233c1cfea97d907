package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
)

// laid is a folder whose file names these accounts, and no bucket yet.
func laid(t *testing.T, known map[string]account) *accounts {
	t.Helper()
	t.Chdir(t.TempDir()) // the backend changes it
	folder := t.TempDir()
	storage, err := posix.New(folder, meta.XattrMeta{}, posix.PosixOpts{Concurrency: most})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(storage.Shutdown)
	made := &accounts{file: filepath.Join(t.TempDir(), accountsFile), storage: storage}
	write(t, made, known)
	return made
}

func write(t *testing.T, to *accounts, known map[string]account) {
	t.Helper()
	text, err := json.Marshal(known)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func owner(t *testing.T, of *accounts, bucket string) string {
	t.Helper()
	held, err := of.storage.GetBucketAcl(context.Background(), &s3.GetBucketAclInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	acl, err := auth.ParseACL(held)
	if err != nil {
		t.Fatal(err)
	}
	return acl.Owner
}

func TestABucketIsThereFromTheFirstRequestOnHoweverManyComeAtOnce(t *testing.T) {
	made := laid(t, map[string]account{"id": {Secret: "secret", Bucket: "sophia-test"}})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if found, err := made.GetUserAccount("id"); err != nil || found.Secret != "secret" || found.Role != auth.RoleUser {
				t.Errorf("%v, %v", found, err)
			}
		})
	}
	all.Wait()
	if found := owner(t, made, "sophia-test"); found != "id" {
		t.Fatalf("it is %q's", found)
	}
}

func TestABucketFollowsItsAccountToAnotherKeyAndTheOldOneIsNobodys(t *testing.T) {
	made := laid(t, map[string]account{"old": {Secret: "a", Bucket: "sophia-test"}})
	if _, err := made.GetUserAccount("old"); err != nil {
		t.Fatal(err)
	}
	write(t, made, map[string]account{"new": {Secret: "b", Bucket: "sophia-test"}})
	if _, err := made.GetUserAccount("new"); err != nil {
		t.Fatal(err)
	}
	if found := owner(t, made, "sophia-test"); found != "new" {
		t.Fatalf("it is %q's", found)
	}
	if _, err := made.GetUserAccount("old"); !errors.Is(err, auth.ErrNoSuchUser) {
		t.Fatalf("%v", err)
	}
}

func TestABucketThatHalfExistsIsMadeWhole(t *testing.T) {
	made := laid(t, map[string]account{"id": {Secret: "secret", Bucket: "sophia-test"}})
	if err := os.Mkdir("sophia-test", 0o700); err != nil { // where a crash left it: the backend stands in its folder
		t.Fatal(err)
	}
	if _, err := made.GetUserAccount("id"); err != nil {
		t.Fatal(err)
	}
	if found := owner(t, made, "sophia-test"); found != "id" {
		t.Fatalf("it is %q's", found)
	}
}
