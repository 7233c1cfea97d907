// What K3s' klipper-lb does with the kernel's tables, in user space: it takes the connections to one port of its node and
// passes them on to a Service.
package main

import (
	"io"
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

const dialLimit = 10 * time.Second

func main() {
	port, target := os.Getenv("SRC_PORT"), os.Getenv("DEST_PORT")
	service, _, _ := strings.Cut(os.Getenv("DEST_IPS"), ",")
	if port == "" || target == "" || service == "" || os.Getenv("DEST_PROTO") != "TCP" {
		log.Fatal("SRC_PORT, DEST_PORT, DEST_IPS and DEST_PROTO=TCP say what leads where, and one is missing")
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("", port))
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go pass(connection, net.JoinHostPort(service, target))
	}
}

// pass leads bytes both ways until both sides have ended.
func pass(connection net.Conn, address string) {
	defer connection.Close()
	target, err := net.DialTimeout("tcp", address, dialLimit)
	if err != nil {
		log.Print(err)
		return
	}
	defer target.Close()
	var both sync.WaitGroup
	copied := func(to, from net.Conn) {
		io.Copy(to, from)
		to.(*net.TCPConn).CloseWrite()
	}
	both.Go(func() { copied(target, connection) })
	both.Go(func() { copied(connection, target) })
	both.Wait()
}
