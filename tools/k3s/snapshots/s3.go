package snapshots

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"sophia/tools/k3s/kubeapi"
)

// S3 is an object store that takes snapshots.
type S3 struct {
	Endpoint, EndpointCA, Bucket, Region, Folder, AccessKey, SecretKey string
	Insecure, SkipVerify                                               bool
	// Secret is the name of a Secret of kube-system that holds all of this, or empty.
	Secret  string
	Timeout time.Duration

	// inline is what the Secret says in the place of EndpointCA: certificates, and not the file that holds them.
	inline string
}

// Upload puts a file into the bucket and returns its location.
func (s S3) Upload(ctx context.Context, api *kubeapi.Client, file string) (string, error) {
	if s.Secret != "" && s.Bucket == "" {
		if err := s.read(ctx, api); err != nil {
			return "", err
		}
	}
	if s.Bucket == "" {
		return "", errors.New("s3 bucket name was not set")
	}
	content, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer content.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, content)
	if err != nil {
		return "", err
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	scheme := "https"
	if s.Insecure {
		scheme = "http"
	}
	key := path.Join(s.Folder, filepath.Base(file))
	target := url.URL{Scheme: scheme, Host: s.Endpoint, Path: "/" + s.Bucket + "/" + key}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, target.String(), content)
	if err != nil {
		return "", err
	}
	request.ContentLength = size
	s.sign(request, hex.EncodeToString(hash.Sum(nil)), time.Now().UTC())
	client, err := s.client()
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		return "", fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(said)))
	}
	return fmt.Sprintf("s3://%s/%s", s.Bucket, key), nil
}

func (s S3) client() (*http.Client, error) {
	config := &tls.Config{InsecureSkipVerify: s.SkipVerify}
	authority := []byte(s.inline)
	if s.EndpointCA != "" {
		read, err := os.ReadFile(s.EndpointCA)
		if err != nil {
			return nil, err
		}
		authority = append(authority, read...)
	}
	if len(authority) > 0 {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(authority)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, Proxy: http.ProxyFromEnvironment}}, nil
}

// read takes the settings of the Secret, which keeps credentials out of config.yaml.
func (s *S3) read(ctx context.Context, api *kubeapi.Client) error {
	if api == nil {
		return errors.New("cannot use S3 config secret before the API server answers")
	}
	var secret struct{ Data map[string]string }
	if err := api.Get(ctx, "/api/v1/namespaces/kube-system/secrets/"+s.Secret, &secret); err != nil {
		return err
	}
	value := func(name string, fallback string) string {
		decoded, err := base64.StdEncoding.DecodeString(secret.Data[name])
		if err != nil || len(decoded) == 0 {
			return fallback
		}
		return string(decoded)
	}
	s.Endpoint = value("etcd-s3-endpoint", s.Endpoint)
	s.Bucket = value("etcd-s3-bucket", s.Bucket)
	s.Region = value("etcd-s3-region", s.Region)
	s.Folder = value("etcd-s3-folder", s.Folder)
	s.AccessKey = value("etcd-s3-access-key", s.AccessKey)
	s.SecretKey = value("etcd-s3-secret-key", s.SecretKey)
	s.inline = value("etcd-s3-endpoint-ca", "")
	s.Insecure = value("etcd-s3-insecure", "") == "true"
	s.SkipVerify = value("etcd-s3-skip-ssl-verify", "") == "true"
	return nil
}

// sign puts AWS' signature of version 4 on a request.
func (s S3) sign(request *http.Request, payload string, now time.Time) {
	day, moment := now.Format("20060102"), now.Format("20060102T150405Z")
	request.Header.Set("X-Amz-Date", moment)
	request.Header.Set("X-Amz-Content-Sha256", payload)
	names := "host;x-amz-content-sha256;x-amz-date"
	canonical := strings.Join([]string{
		request.Method, request.URL.EscapedPath(), "",
		"host:" + request.URL.Host, "x-amz-content-sha256:" + payload, "x-amz-date:" + moment, "",
		names, payload,
	}, "\n")
	digest := sha256.Sum256([]byte(canonical))
	scope := strings.Join([]string{day, s.Region, "s3", "aws4_request"}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", moment, scope, hex.EncodeToString(digest[:])}, "\n")
	key := []byte("AWS4" + s.SecretKey)
	for _, part := range []string{day, s.Region, "s3", "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	request.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		s.AccessKey, scope, names, hex.EncodeToString(key)))
}
