package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"

	"github.com/pulumi/pulumi/sdk/v3/go/common/esc/eval"
)

// A sealer seals secrets with AES-256-GCM (NIST SP 800-38D), each under a nonce of its own.
type sealer []byte

// Encrypt returns a nonce and what it seals.
func (s sealer) Encrypt(_ context.Context, plain []byte) ([]byte, error) {
	seal, err := s.cipher()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, seal.NonceSize())
	rand.Read(nonce) //nolint:errcheck // it never fails (Go 1.24)
	return seal.Seal(nonce, nonce, plain, nil), nil
}

// Decrypt returns what was sealed, unless it was with another key, or is damaged.
func (s sealer) Decrypt(_ context.Context, sealed []byte) ([]byte, error) {
	seal, err := s.cipher()
	if err != nil {
		return nil, err
	}
	if len(sealed) < seal.NonceSize() {
		return nil, eval.ErrInvalidCiphertext
	}
	plain, err := seal.Open(nil, sealed[:seal.NonceSize()], sealed[seal.NonceSize():], nil)
	if err != nil {
		return nil, eval.ErrInvalidCiphertext
	}
	return plain, nil
}

func (s sealer) cipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(s)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
