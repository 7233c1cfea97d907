package node

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// criReady asks containerd's CRI service for its version, as a kubelet does first, which ends when it gets none: the
// service refuses everything until it has looked through the pods of before.
//
// It is one call without fields, so gRPC's frame of an empty message is all there is to send
// (grpc/doc/PROTOCOL-HTTP2.md).
func criReady(ctx context.Context, socket string) error {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
		Protocols: new(http.Protocols),
	}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()

	empty := bytes.NewReader(make([]byte, 5))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/runtime.v1.RuntimeService/Version", empty)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("TE", "trailers")
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	for _, told := range []http.Header{response.Trailer, response.Header} {
		if status := told.Get("Grpc-Status"); status != "" {
			if status == "0" {
				return nil
			}
			return fmt.Errorf("the CRI service answers with code %s: %s", status, told.Get("Grpc-Message"))
		}
	}
	return fmt.Errorf("the CRI service answers %s without a status", response.Status)
}
