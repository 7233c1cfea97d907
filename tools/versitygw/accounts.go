package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
)

const accountsFile = "accounts.json"

// account is one entry of the file, by its access key id.
type account struct {
	Secret string `json:"secret"`
	// Bucket is there, and the account's, from its first request on.
	Bucket string `json:"bucket"`
}

// accounts are those of the file as it is at each request: whoever writes it needs to tell nobody.
type accounts struct {
	file    string
	storage backend.Backend
	making  sync.Mutex
}

var (
	_ auth.IAMService = &accounts{}

	errElsewhere = errors.New("accounts are made by whoever writes the file")
)

func (a *accounts) GetUserAccount(access string) (auth.Account, error) {
	text, err := os.ReadFile(a.file)
	if err != nil {
		return auth.Account{}, err
	}
	var known map[string]account
	if err := json.Unmarshal(text, &known); err != nil {
		return auth.Account{}, fmt.Errorf("%s: %w", a.file, err)
	}
	one, found := known[access]
	if !found {
		return auth.Account{}, auth.ErrNoSuchUser
	}
	// A user may do all in buckets of its own, and make none.
	user := auth.Account{Access: access, Secret: one.Secret, Role: auth.RoleUser}
	return user, a.own(access, one.Bucket)
}

// own makes a bucket exist and be an account's, which may have another access key id than before.
func (a *accounts) own(access, bucket string) error {
	a.making.Lock()
	defer a.making.Unlock()
	ctx := context.Background()
	held, err := a.storage.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &bucket})
	missing := errors.Is(err, s3err.GetAPIError(s3err.ErrNoSuchBucket))
	if err != nil && !missing {
		return err
	}
	owned, err := json.Marshal(auth.ACL{Owner: access})
	if err != nil || bytes.Equal(held, owned) {
		return err
	}
	if !missing {
		return a.storage.PutBucketAcl(ctx, bucket, owned)
	}
	return a.storage.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket:                    &bucket,
		ObjectOwnership:           types.ObjectOwnershipBucketOwnerEnforced,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{},
	}, owned)
}

func (a *accounts) ResolveAccounts(accessKeyIDs []string) ([]string, error) {
	var missing []string
	for _, access := range accessKeyIDs {
		if _, err := a.GetUserAccount(access); errors.Is(err, auth.ErrNoSuchUser) {
			missing = append(missing, access)
		} else if err != nil {
			return nil, err
		}
	}
	return missing, nil
}

func (*accounts) CreateAccount(auth.Account) error                  { return errElsewhere }
func (*accounts) UpdateUserAccount(string, auth.MutableProps) error { return errElsewhere }
func (*accounts) DeleteUserAccount(string) error                    { return errElsewhere }
func (*accounts) ListUserAccounts() ([]auth.Account, error)         { return nil, errElsewhere }
func (*accounts) Shutdown() error                                   { return nil }
