// Package token reads and writes the words that join a node to a cluster, as K3s has them: a bare word, or the secure
// form `K10<hash of the server's authority>::<user>:<word>`.
package token

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
)

const (
	prefix     = "K10"
	hashLength = sha256.Size * 2
)

// Token is what a join needs to know.
type Token struct {
	// CAHash is of the server's authority, or empty where the token does not pin it.
	CAHash string
	// User is server or node, or empty.
	User string
	// Word is the secret.
	Word string
}

// Parse reads a token in any form.
func Parse(text string) (Token, error) {
	if text == "" {
		return Token{}, errors.New("token must not be empty")
	}
	rest, secure := strings.CutPrefix(text, prefix)
	if !secure {
		return Token{Word: text}, nil
	}
	var parsed Token
	if hash, credentials, found := strings.Cut(rest, "::"); found {
		if len(hash) > 0 && len(hash) != hashLength {
			return Token{}, errors.New("invalid token CA hash length")
		}
		parsed.CAHash, rest = hash, credentials
	}
	user, word, found := strings.Cut(rest, ":")
	if !found || word == "" {
		return Token{}, errors.New("invalid token format")
	}
	parsed.User, parsed.Word = user, word
	return parsed, nil
}

// Format returns the secure form.
func Format(user, word string, authority []byte) (string, error) {
	hash, err := Hash(authority)
	if err != nil {
		return "", err
	}
	return prefix + hash + "::" + user + ":" + word, nil
}

// Hash returns what pins an authority: the digest of the file where it holds one certificate, else of the root.
func Hash(authority []byte) (string, error) {
	var certificates []*x509.Certificate
	for block, rest := pem.Decode(authority); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "", err
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		return "", errors.New("data does not contain any valid RSA or ECDSA certificates")
	}
	if len(certificates) > 1 {
		authority = root(certificates, authority)
	}
	digest := sha256.Sum256(authority)
	return hex.EncodeToString(digest[:]), nil
}

func root(certificates []*x509.Certificate, bundle []byte) []byte {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, certificate := range certificates[1:] {
		if len(certificate.AuthorityKeyId) == 0 || bytes.Equal(certificate.AuthorityKeyId, certificate.SubjectKeyId) {
			roots.AddCert(certificate)
		} else {
			between.AddCert(certificate)
		}
	}
	chains, err := certificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	if err != nil {
		return bundle
	}
	return chains[0][len(chains[0])-1].Raw
}

// Check says whether the server is the one that the token pins; a token without a hash trusts whoever answers.
func (t Token) Check(authority []byte) error {
	if t.CAHash == "" {
		return nil
	}
	hash, err := Hash(authority)
	if err != nil {
		return err
	}
	if hash != t.CAHash {
		return fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", t.CAHash, hash)
	}
	return nil
}

// Write puts the secure form into a file that only root reads.
func Write(path, user, word, authorityFile string) error {
	authority, err := os.ReadFile(authorityFile)
	if err != nil {
		return err
	}
	secure, err := Format(user, word, authority)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(secure+"\n"), 0o600); err != nil {
		return err
	}
	return os.Chmod(path, 0o600)
}
