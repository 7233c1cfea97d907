// Package pki makes and keeps the authorities and certificates of a server, in the files where K3s has them.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const (
	authorityYears = 10
	leafDays       = 365

	// RenewDays is how much of its life a certificate may lack before a start makes it anew.
	RenewDays = 120
)

// Leaf says what a certificate is for.
type Leaf struct {
	Name   string
	Groups []string
	Usages []x509.ExtKeyUsage
	// SANs are addresses and names.
	SANs []string
}

// Server and Client are the usages of a certificate.
var (
	Server = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	Client = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	Both   = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
)

// Authority signs certificates.
type Authority struct {
	Certificate *x509.Certificate
	// PEM is the whole file: the certificate and those above it.
	PEM []byte
	key crypto.Signer
}

// EnsureAuthority reads an authority from its files, or makes it where they are not; then it is new.
func EnsureAuthority(name, certFile, keyFile string) (authority *Authority, isNew bool, err error) {
	if exists(certFile) && exists(keyFile) {
		authority, err = ReadAuthority(certFile, keyFile)
		return authority, false, err
	}
	key, err := ensureKey(keyFile, false)
	if err != nil {
		return nil, false, err
	}
	now := time.Now().UTC()
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: fmt.Sprintf("%s-ca@%d", name, now.Unix())},
		NotBefore:             now,
		NotAfter:              now.AddDate(authorityYears, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, false, err
	}
	if err := write(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return nil, false, err
	}
	authority, err = ReadAuthority(certFile, keyFile)
	return authority, true, err
}

// ReadAuthority reads an authority from its files.
func ReadAuthority(certFile, keyFile string) (*Authority, error) {
	data, err := os.ReadFile(certFile)
	if err != nil {
		return nil, err
	}
	certificate, err := first(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	key, err := readKey(keyFile)
	if err != nil {
		return nil, err
	}
	return &Authority{Certificate: certificate, PEM: data, key: key}, nil
}

// Ensure makes a certificate in its files unless one is there that is of this authority, says the same and lives long
// enough. The result tells whether it made one.
func (a *Authority) Ensure(leaf Leaf, certFile, keyFile string, anew bool) (bool, error) {
	if !anew && exists(keyFile) && a.fits(leaf, certFile) {
		return false, nil
	}
	key, err := ensureKey(keyFile, anew)
	if err != nil {
		return false, err
	}
	signed, err := a.Sign(leaf, key.Public())
	if err != nil {
		return false, err
	}
	return true, write(certFile, signed, 0o644)
}

// Sign returns a certificate for a public key, followed by the authority's own.
func (a *Authority) Sign(leaf Leaf, public crypto.PublicKey) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: leaf.Name, Organization: leaf.Groups},
		NotBefore:    a.Certificate.NotBefore,
		NotAfter:     time.Now().UTC().Add(lifetime()),
		KeyUsage:     x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  leaf.Usages,
	}
	template.DNSNames, template.IPAddresses = split(leaf.SANs)
	der, err := x509.CreateCertificate(rand.Reader, template, a.Certificate, public, a.key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), a.PEM...), nil
}

func (a *Authority) fits(leaf Leaf, certFile string) bool {
	data, err := os.ReadFile(certFile)
	if err != nil {
		return false
	}
	certificate, err := first(data)
	if err != nil || certificate.CheckSignatureFrom(a.Certificate) != nil {
		return false
	}
	if time.Until(certificate.NotAfter) < RenewDays*24*time.Hour {
		return false
	}
	names, addresses := split(leaf.SANs)
	return certificate.Subject.CommonName == leaf.Name &&
		covers(certificate.Subject.Organization, leaf.Groups) && covers(leaf.Groups, certificate.Subject.Organization) &&
		covers(certificate.DNSNames, names) && covers(texts(certificate.IPAddresses), texts(addresses))
}

// Expiry returns when the certificate in a file ends.
func Expiry(certFile string) (time.Time, error) {
	data, err := os.ReadFile(certFile)
	if err != nil {
		return time.Time{}, err
	}
	certificate, err := first(data)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", certFile, err)
	}
	return certificate.NotAfter, nil
}

// EnsureKey makes a key in a file unless one is there.
func EnsureKey(keyFile string) (crypto.Signer, error) { return ensureKey(keyFile, false) }

func ensureKey(keyFile string, anew bool) (crypto.Signer, error) {
	if !anew && exists(keyFile) {
		return readKey(keyFile)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, write(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func readKey(keyFile string) (crypto.Signer, error) {
	data, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s: data does not contain a valid private key", keyFile)
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: data does not contain a valid private key", keyFile)
	}
	return key.(crypto.Signer), nil
}

func first(data []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("data does not contain any valid certificates")
	}
	return x509.ParseCertificate(block.Bytes)
}

// lifetime is a year, or what the variable says that K3s reads too.
func lifetime() time.Duration {
	days, err := strconv.Atoi(os.Getenv("CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS"))
	if err != nil || days <= 0 {
		days = leafDays
	}
	return time.Duration(days) * 24 * time.Hour
}

func split(sans []string) (names []string, addresses []net.IP) {
	seen := map[string]bool{}
	for _, san := range sans {
		if san == "" || seen[san] {
			continue
		}
		seen[san] = true
		if address := net.ParseIP(san); address != nil {
			addresses = append(addresses, address)
		} else {
			names = append(names, san)
		}
	}
	return names, addresses
}

func covers(all, some []string) bool {
	present := map[string]bool{}
	for _, one := range all {
		present[one] = true
	}
	for _, one := range some {
		if !present[one] {
			return false
		}
	}
	return true
}

func texts(addresses []net.IP) []string {
	var result []string
	for _, address := range addresses {
		result = append(result, address.String())
	}
	return result
}

func serial() *big.Int {
	number, _ := rand.Int(rand.Reader, big.NewInt(math.MaxInt64))
	return number
}

// encode returns one certificate as PEM.
func encode(certificate *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
}

func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// write leaves either the old file or the new one, whenever the program ends.
func write(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path))
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(data)
	if err := errors.Join(err, temporary.Chmod(mode), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
