package datastore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sophia/tools/k3s/log"
)

// Save writes the whole database into a file: what etcd streams, with its checksum behind it.
func (e *Etcd) Save(ctx context.Context, path string) (err error) {
	client, err := e.client()
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, Client+"/v3/maintenance/snapshot", strings.NewReader("{}"))
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd snapshot: %s", response.Status)
	}
	file, err := os.OpenFile(path+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, file.Close())
		if err == nil {
			err = os.Rename(path+".part", path)
		} else {
			os.Remove(path + ".part")
		}
	}()
	decoder := json.NewDecoder(response.Body)
	for {
		var part struct {
			Result struct{ Blob []byte }
			Error  *struct{ Message string }
		}
		if err := decoder.Decode(&part); err != nil {
			if errors.Is(err, io.EOF) {
				return file.Sync()
			}
			return err
		}
		if part.Error != nil {
			return errors.New(part.Error.Message)
		}
		if _, err := file.Write(part.Result.Blob); err != nil {
			return err
		}
	}
}

// Restore puts a snapshot in the database's place and keeps the old one beside it.
func (e *Etcd) Restore(ctx context.Context, snapshot string) error {
	info, err := os.Stat(snapshot)
	if err != nil {
		return fmt.Errorf("etcd: snapshot path does not exist: %s", snapshot)
	}
	if info.IsDir() {
		return fmt.Errorf("etcd: snapshot path must be a file, not a directory: %s", snapshot)
	}
	if _, err := os.Stat(e.Data()); err == nil {
		old := fmt.Sprintf("%s-old-%d", e.Data(), time.Now().Unix())
		if err := os.Rename(e.Data(), old); err != nil {
			return err
		}
		log.Info("Pre-restore etcd database moved to %s", old)
	}
	if err := os.MkdirAll(filepath.Dir(e.Data()), 0o700); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, e.Utility, "snapshot", "restore", snapshot,
		"--name", e.Name, "--data-dir", e.Data(),
		"--initial-cluster", e.Name+"="+e.peer(), "--initial-advertise-peer-urls", e.peer())
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("etcdutl snapshot restore: %w: %s", err, output)
	}
	return nil
}
