// Package log writes lines as K3s does, so that what reads its journal reads this one too.
package log

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

var lock sync.Mutex

// Info tells what happens.
func Info(format string, values ...any) { write("info", format, values...) }

// Warn tells what an operator may want to mend.
func Warn(format string, values ...any) { write("warning", format, values...) }

// Error tells what went wrong and is tried again.
func Error(format string, values ...any) { write("error", format, values...) }

// Fatal tells why the program ends, and ends it.
func Fatal(format string, values ...any) {
	write("fatal", format, values...)
	os.Exit(1)
}

// Line passes a line of a child on, with its name before it.
func Line(name, line string) {
	lock.Lock()
	defer lock.Unlock()
	fmt.Fprintf(os.Stderr, "%s: %s\n", name, line)
}

func write(level, format string, values ...any) {
	lock.Lock()
	defer lock.Unlock()
	message := strconv.Quote(fmt.Sprintf(format, values...))
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%s\n", time.Now().UTC().Format(time.RFC3339), level, message)
}
