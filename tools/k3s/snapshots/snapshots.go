// Package snapshots saves the datastore, when asked and by a schedule, and says in the cluster which snapshots there are.
package snapshots

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sophia/tools/k3s/datastore"
	"sophia/tools/k3s/kubeapi"
	"sophia/tools/k3s/log"
)

const objects = "/apis/k3s.cattle.io/v1/etcdsnapshotfiles"

// Snapshots are those of one server.
type Snapshots struct {
	Etcd *datastore.Etcd
	// Dir is where they are; NodeName is in their names.
	Dir      string
	NodeName string
	// Name begins the names of those of the schedule, of which Retention are kept.
	Name      string
	Retention int
	// Cron is the schedule, or empty for none.
	Cron string
	// TokenHash marks them with the token that they are restored with.
	TokenHash func() string
	// S3 is where they go as well, or nil.
	S3 *S3

	lock sync.Mutex
	api  *kubeapi.Client
}

// File is one snapshot.
type File struct {
	Name     string
	Location string
	Size     int64
	Created  time.Time
}

// Use gives the snapshots the API server to tell of them.
func (s *Snapshots) Use(api *kubeapi.Client) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.api = api
}

// Run saves by the schedule until the context ends.
func (s *Snapshots) Run(ctx context.Context) error {
	if s.Cron == "" {
		return nil
	}
	schedule, err := ParseCron(s.Cron)
	if err != nil {
		return fmt.Errorf("invalid etcd-snapshot-schedule-cron: %w", err)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(schedule.Next(time.Now()))):
		}
		if _, err := s.Save(ctx, s.Name, s.Retention); err != nil {
			log.Error("Failed to take etcd snapshot: %v", err)
		}
	}
}

// Save writes a snapshot whose name begins as given. With a retention, the oldest that begin so are deleted.
func (s *Snapshots) Save(ctx context.Context, name string, retention int) (File, error) {
	if !s.lock.TryLock() {
		return File{}, errors.New("snapshot save already in progress")
	}
	defer s.lock.Unlock()
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return File{}, err
	}
	now := time.Now().Round(time.Second)
	base := fmt.Sprintf("%s-%s-%d", name, s.NodeName, now.Unix())
	path := filepath.Join(s.Dir, base)
	log.Info("Saving etcd snapshot to %s", path)
	if err := s.Etcd.Save(ctx, path); err != nil {
		return File{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return File{}, err
	}
	file := File{base, "file://" + path, info.Size(), now}
	s.tell(ctx, file, s.NodeName)
	if err := s.prune(ctx, name, retention); err != nil {
		log.Warn("Failed to apply local snapshot retention policy: %v", err)
	}
	if s.S3 != nil {
		if err := s.upload(ctx, path, file); err != nil {
			log.Error("Error received during snapshot upload to S3: %s", err)
		}
	}
	return file, nil
}

func (s *Snapshots) upload(ctx context.Context, path string, file File) error {
	log.Info("Saving etcd snapshot %s to S3", file.Name)
	location, err := s.S3.Upload(ctx, s.api, path)
	if err != nil {
		return err
	}
	file.Location = location
	s.tell(ctx, file, "s3")
	log.Info("S3 upload complete for %s", file.Name)
	return nil
}

// List returns the snapshots of this server, oldest first.
func (s *Snapshots) List() ([]File, error) {
	entries, err := os.ReadDir(s.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var files []File
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || entry.IsDir() || strings.HasSuffix(entry.Name(), ".part") {
			continue
		}
		created := info.ModTime()
		if seconds, err := strconv.ParseInt(entry.Name()[strings.LastIndexByte(entry.Name(), '-')+1:], 10, 64); err == nil {
			created = time.Unix(seconds, 0)
		}
		files = append(files, File{entry.Name(), "file://" + filepath.Join(s.Dir, entry.Name()), info.Size(), created.UTC()})
	}
	slices.SortFunc(files, func(a, b File) int { return a.Created.Compare(b.Created) })
	return files, nil
}

// Delete takes snapshots away.
func (s *Snapshots) Delete(ctx context.Context, names []string) ([]string, error) {
	var deleted []string
	for _, name := range names {
		path := filepath.Join(s.Dir, filepath.Base(name))
		if err := os.Remove(path); err != nil {
			return deleted, err
		}
		s.forget(ctx, File{Name: name, Location: "file://" + path})
		deleted = append(deleted, name)
	}
	return deleted, nil
}

func (s *Snapshots) prune(ctx context.Context, name string, retention int) error {
	if retention < 1 {
		return nil
	}
	files, err := s.List()
	if err != nil {
		return err
	}
	files = slices.DeleteFunc(files, func(file File) bool { return !strings.HasPrefix(file.Name, name+"-") })
	for len(files) > retention {
		if _, err := s.Delete(ctx, []string{files[0].Name}); err != nil {
			return err
		}
		files = files[1:]
	}
	return nil
}

// tell makes the object of a snapshot. That it cannot is no failure of the snapshot.
func (s *Snapshots) tell(ctx context.Context, file File, storage string) {
	if s.api == nil {
		return
	}
	name := s.object(file, storage)
	object := kubeapi.Object{
		"apiVersion": "k3s.cattle.io/v1",
		"kind":       "ETCDSnapshotFile",
		"metadata": kubeapi.Object{
			"name":        name,
			"labels":      kubeapi.Object{"etcd.k3s.cattle.io/snapshot-storage-node": storage},
			"annotations": kubeapi.Object{"etcd.k3s.cattle.io/snapshot-token-hash": s.TokenHash()},
		},
		"spec": kubeapi.Object{"snapshotName": file.Name, "nodeName": s.NodeName, "location": file.Location},
	}
	status := kubeapi.Object{
		"apiVersion": "k3s.cattle.io/v1",
		"kind":       "ETCDSnapshotFile",
		"metadata":   kubeapi.Object{"name": name},
		"status": kubeapi.Object{
			"size":         strconv.FormatInt(file.Size, 10),
			"creationTime": file.Created.UTC().Format(time.RFC3339),
			"readyToUse":   true,
		},
	}
	err := s.api.Apply(ctx, objects+"/"+name, object)
	if err == nil {
		err = s.api.Apply(ctx, objects+"/"+name+"/status", status)
	}
	if err != nil {
		log.Warn("Failed to sync ETCDSnapshotFile: %v", err)
	}
}

func (s *Snapshots) forget(ctx context.Context, file File) {
	if s.api == nil {
		return
	}
	if err := s.api.Delete(ctx, objects+"/"+s.object(file, s.NodeName)); err != nil {
		log.Warn("Failed to sync ETCDSnapshotFile: %v", err)
	}
}

func (s *Snapshots) object(file File, storage string) string {
	digest := sha256.Sum256([]byte(s.NodeName + file.Location))
	prefix := "local-"
	if storage == "s3" {
		prefix = "s3-"
	}
	return prefix + strings.ToLower(file.Name) + "-" + hex.EncodeToString(digest[:])[:6]
}

// Request is what the command line asks of the server.
type Request struct {
	Operation string   `json:"operation"`
	Name      []string `json:"name,omitempty"`
	Retention *int     `json:"retention,omitempty"`
}

// Result is what the server did.
type Result struct {
	Created []string `json:"created,omitempty"`
	Deleted []string `json:"deleted,omitempty"`
}

// ServeHTTP answers the command line.
func (s *Snapshots) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	var wish Request
	if err := json.NewDecoder(request.Body).Decode(&wish); err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	value, err := s.do(request.Context(), wish)
	if err != nil {
		log.Error("etcd-snapshot error ID 00001: %v", err)
		http.Error(response, "etcd-snapshot error ID 00001: "+err.Error(), http.StatusInternalServerError)
		return
	}
	response.Header().Set("Content-Type", "application/json")
	json.NewEncoder(response).Encode(value)
}

func (s *Snapshots) do(ctx context.Context, wish Request) (any, error) {
	switch wish.Operation {
	case "list":
		return s.List()
	case "delete":
		deleted, err := s.Delete(ctx, wish.Name)
		return Result{Deleted: deleted}, err
	case "save":
		if len(wish.Name) != 1 {
			return nil, errors.New("one name is expected")
		}
		file, err := s.Save(ctx, wish.Name[0], 0)
		return Result{Created: []string{file.Name}}, err
	}
	return nil, errors.New("invalid snapshot operation")
}

// HashToken is what marks a snapshot with its token.
func HashToken(word string) string {
	digest := sha256.Sum256([]byte(word))
	return base64.StdEncoding.EncodeToString(digest[:])
}
