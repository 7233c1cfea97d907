package kubeapi

import (
	"context"
	"time"

	"sophia/tools/k3s/log"
)

// Follow does something again and again until the context ends, and says what goes wrong once, until something else does.
func Follow(ctx context.Context, what string, interval time.Duration, once func(context.Context) error) {
	complaint := ""
	for ctx.Err() == nil {
		if err := once(ctx); err == nil {
			complaint = ""
		} else if ctx.Err() == nil && err.Error() != complaint {
			complaint = err.Error()
			log.Warn("%s: %v", what, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(interval):
		}
	}
}
