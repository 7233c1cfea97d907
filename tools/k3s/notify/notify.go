// Package notify tells systemd how a unit of type notify does.
package notify

import (
	"net"
	"os"

	"sophia/tools/k3s/log"
)

// Take returns what tells systemd that the unit is ready, and keeps children from doing so.
func Take() func() {
	socket := os.Getenv("NOTIFY_SOCKET")
	os.Unsetenv("NOTIFY_SOCKET")
	return func() {
		if socket == "" {
			return
		}
		connection, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
		if err != nil {
			log.Error("systemd is not told: %v", err)
			return
		}
		defer connection.Close()
		connection.Write([]byte("READY=1\n"))
	}
}
