package token

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// K3s takes scrypt, which Go's own library does not have; what is compared is the same.
const (
	scheme     = "pbkdf2-sha256"
	iterations = 20000
	saltLength = 8
)

// HashPassword returns what is kept of a node's password.
func HashPassword(password string) (string, error) {
	salt := make([]byte, saltLength)
	rand.Read(salt)
	key, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$%s:%x:%s", scheme, salt, base64.RawStdEncoding.EncodeToString(key)), nil
}

// VerifyPassword says whether a password is the one that was hashed.
func VerifyPassword(hash, password string) error {
	parts := strings.Split(strings.TrimPrefix(hash, "$"), ":")
	if len(parts) != 3 || parts[0] != scheme {
		return errors.New("hash version does not match package version")
	}
	salt, err := hex.DecodeString(parts[1])
	if err != nil {
		return err
	}
	wanted, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	key, err := pbkdf2.Key(sha256.New, password, salt, iterations, len(wanted))
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(key, wanted) != 1 {
		return errors.New("hash does not match")
	}
	return nil
}
