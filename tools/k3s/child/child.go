// Package child runs the real programs that K3s has inside itself. They share its fate: one that ends, ends K3s, and
// none outlives it.
package child

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"sophia/tools/k3s/log"
)

const (
	tailLines = 20
	longest   = 1024 * 1024
)

// chatter is how a line begins that is no error.
var chatter = regexp.MustCompile(`^([IW]\d{4} |Flag --)`)

// Spec says what to run.
type Spec struct {
	// Name is what its lines in the log begin with.
	Name string
	// Path is the program.
	Path string
	// Args follow the program's name.
	Args []string
	// Env is added to this program's environment.
	Env []string
	// Grace is the time between SIGTERM and SIGKILL; 3 seconds where it is zero: K3s' own parts end with its process.
	Grace time.Duration
	// Quiet keeps lines out of the log; an error still tells the last ones.
	Quiet bool
	// Errors keeps the lines out of the log that Kubernetes' programs mark as information or as a warning.
	Errors bool
}

// Child is a running program.
type Child struct {
	spec Spec
	done chan struct{}
	err  error

	lock  sync.Mutex
	tail  []string
	asked bool
}

// Start runs a program until it ends or the context does; then it is asked to end, and forced after its grace.
func Start(ctx context.Context, spec Spec) (*Child, error) {
	child := &Child{spec: spec, done: make(chan struct{})}
	started := make(chan error)
	go child.run(ctx, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("failed to start %s: %w", spec.Name, err)
	}
	return child, nil
}

// Done is closed when the program has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Wait returns when the program has ended: nil when the context asked for it, else why, with its last lines.
func (c *Child) Wait() error {
	<-c.done
	return c.err
}

// run keeps one thread for the whole life of the child: the kernel sends the child its death signal when the thread
// that made it ends, not the process.
func (c *Child) run(ctx context.Context, started chan<- error) {
	runtime.LockOSThread()
	defer close(c.done)
	command := exec.Command(c.spec.Path, c.spec.Args...)
	command.Env = append(os.Environ(), c.spec.Env...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	output, input, err := os.Pipe()
	if err != nil {
		started <- err
		return
	}
	command.Stdout, command.Stderr = input, input
	err = command.Start()
	input.Close()
	started <- err
	if err != nil {
		output.Close()
		return
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.read(output)
	}()
	ended := make(chan struct{})
	go func() {
		select {
		case <-ended:
			return
		case <-ctx.Done():
			c.lock.Lock()
			c.asked = true
			c.lock.Unlock()
		}
		grace := c.spec.Grace
		if grace == 0 {
			grace = 3 * time.Second
		}
		command.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(grace):
			command.Process.Kill()
		}
	}()
	err = command.Wait()
	close(ended)
	select {
	case <-read:
	case <-time.After(time.Second): // a grandchild holds the pipe
	}
	output.Close()
	c.lock.Lock()
	asked := c.asked
	c.lock.Unlock()
	if asked {
		return
	}
	c.err = fmt.Errorf("%s exited: %s; its last lines:\n%s", c.spec.Name, state(err), c.Tail())
}

// Tail returns the last lines that the program wrote.
func (c *Child) Tail() string {
	c.lock.Lock()
	defer c.lock.Unlock()
	return strings.Join(c.tail, "\n")
}

func (c *Child) read(output io.Reader) {
	scanner := bufio.NewScanner(output)
	scanner.Buffer(make([]byte, 0, 64*1024), longest)
	for scanner.Scan() {
		line := scanner.Text()
		c.lock.Lock()
		chats := chatter.MatchString(line)
		if !chats {
			c.tail = append(c.tail, line)
		}
		if len(c.tail) > tailLines {
			c.tail = c.tail[1:]
		}
		quiet := c.spec.Quiet || c.spec.Errors && chats || c.asked // what a program says of being ended hides why it was
		c.lock.Unlock()
		if !quiet {
			log.Line(c.spec.Name, line)
		}
	}
	io.Copy(io.Discard, output)
}

func state(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}
