package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sophia/tools/k3s/log"
	"sophia/tools/k3s/pki"
	"sophia/tools/k3s/token"
)

const resetFlag = "reset-flag"

// reset makes this server the only member of its datastore, and puts a snapshot into it when one is given. What the snapshot
// holds of the server's secrets takes the place of what is on the disk: it needs the token that the snapshot was taken with.
func reset(ctx context.Context, s settings, snapshot string) error {
	if err := s.folders(); err != nil {
		return err
	}
	word, err := s.word()
	if err != nil {
		return err
	}
	if snapshot != "" && word == "" {
		return errors.New(filepath.Join(string(s.dir), "token") + " does not exist, please pass --token to complete the restoration")
	}
	flag := filepath.Join(string(s.dir), "db", resetFlag)
	if snapshot == "" {
		if _, err := os.Stat(flag); err == nil {
			return fmt.Errorf("Managed etcd cluster membership was already reset, please remove the cluster-reset flag and start k3s normally. "+
				"If you need to perform another cluster reset, you must first manually delete the file at %s", flag)
		}
		if !s.etcd.Exists() {
			return fmt.Errorf("etcd database not found in %s", s.etcd.Data())
		}
	}
	if err := s.etcdCertificates(); err != nil {
		return err
	}
	if snapshot != "" {
		if err := s.etcd.Restore(ctx, snapshot); err != nil {
			return err
		}
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		return err
	}
	if err := s.reconcile(ctx, word); err != nil {
		return err
	}
	log.Info("Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. " +
		"Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes")
	return nil
}

// reconcile runs the datastore alone for as long as it takes to read the server's secrets from it.
func (s *settings) reconcile(ctx context.Context, word string) error {
	alone, cancel := context.WithCancel(ctx)
	member, err := s.etcd.Start(alone, true)
	if err != nil {
		cancel()
		return err
	}
	defer func() {
		cancel()
		<-member.Done()
	}()
	if err := s.etcd.Wait(ctx, member); err != nil {
		return err
	}
	if err := s.etcd.RestoreBootstrap(ctx, word); err != nil {
		return err
	}
	if _, err := token.Ensure(s.dir.Cred("passwd"), s.token, s.agentToken); err != nil {
		return err
	}
	return pki.EnsureServer(s.dir, s.pki)
}
