package datastore

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"sophia/tools/k3s/log"
)

const (
	bootstrapPrefix = "/bootstrap/"
	saltLength      = 8
	keyIterations   = 4096
	keyLength       = 32
)

var errOtherToken = errors.New("bootstrap data already found and encrypted with different token")

// SaveBootstrap keeps the files that no other server can make up in the datastore, encrypted with the server's token. Data
// that is there under another token is an error: the token of a cluster is not changed by starting with another.
func (e *Etcd) SaveBootstrap(ctx context.Context, token string) error {
	if err := e.CheckBootstrap(ctx, token); err != nil {
		return err
	}
	return e.putBootstrap(ctx, token)
}

// CheckBootstrap is an error when there is bootstrap data, and none of this token.
func (e *Etcd) CheckBootstrap(ctx context.Context, token string) error {
	pairs, err := e.Prefix(ctx, bootstrapPrefix)
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		if string(pair.Key) == bootstrapKey(token) {
			return nil
		}
	}
	if len(pairs) > 0 {
		return errOtherToken
	}
	return nil
}

// RotateBootstrap encrypts the data with another token.
func (e *Etcd) RotateBootstrap(ctx context.Context, old, token string) error {
	if err := e.putBootstrap(ctx, token); err != nil || old == token {
		return err
	}
	return e.Remove(ctx, bootstrapKey(old))
}

// RestoreBootstrap writes the files that the datastore keeps.
func (e *Etcd) RestoreBootstrap(ctx context.Context, token string) error {
	if err := e.CheckBootstrap(ctx, token); err != nil {
		return err
	}
	pairs, err := e.Prefix(ctx, bootstrapKey(token))
	if err != nil {
		return err
	}
	if len(pairs) == 0 {
		return errors.New("no bootstrap data found")
	}
	plain, err := decrypt(token, pairs[0].Value)
	if err != nil {
		return err
	}
	var files map[string][]byte
	if err := json.Unmarshal(plain, &files); err != nil {
		return err
	}
	for name, path := range e.Dir.Bootstrap() {
		content, kept := files[name]
		if !kept {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	log.Info("Reconciling bootstrap data between datastore and disk")
	return nil
}

func (e *Etcd) putBootstrap(ctx context.Context, token string) error {
	files := map[string][]byte{}
	for name, path := range e.Dir.Bootstrap() {
		content, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		files[name] = content
	}
	plain, err := json.Marshal(files)
	if err != nil {
		return err
	}
	sealed, err := encrypt(token, plain)
	if err != nil {
		return err
	}
	log.Info("Saving cluster bootstrap data to datastore")
	return e.Put(ctx, bootstrapKey(token), sealed)
}

func bootstrapKey(token string) string {
	digest := sha256.Sum256([]byte(token))
	return bootstrapPrefix + hex.EncodeToString(digest[:])[:12]
}

func encrypt(token string, plain []byte) ([]byte, error) {
	salt := make([]byte, saltLength)
	rand.Read(salt)
	sealer, err := sealer(token, salt)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, sealer.NonceSize())
	rand.Read(nonce)
	return sealer.Seal(append(salt, nonce...), nonce, plain, nil), nil
}

func decrypt(token string, sealed []byte) ([]byte, error) {
	if len(sealed) < saltLength {
		return nil, errOtherToken
	}
	sealer, err := sealer(token, sealed[:saltLength])
	if err != nil {
		return nil, err
	}
	rest := sealed[saltLength:]
	if len(rest) < sealer.NonceSize() {
		return nil, errOtherToken
	}
	return sealer.Open(nil, rest[:sealer.NonceSize()], rest[sealer.NonceSize():], nil)
}

func sealer(token string, salt []byte) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha1.New, token, salt, keyIterations, keyLength)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
