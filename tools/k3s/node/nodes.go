package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"sophia/tools/k3s/log"
)

const (
	watchSeconds = 240
	retryPause   = time.Second
)

// metadata is what this package reads of an object's.
type metadata struct {
	Name            string            `json:"name,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Annotations     map[string]string `json:"annotations,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
}

// nodeObject is what this package reads of a Node.
type nodeObject struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		PodCIDR string `json:"podCIDR"`
	} `json:"spec"`
}

// byLabel selects nodes by their labels.
func byLabel(selector string) string { return "labelSelector=" + url.QueryEscape(selector) }

// follow calls changed with all nodes that the selector takes, now and whenever one of them changes, until the context
// ends. An API server that does not answer is asked again.
func follow(ctx context.Context, api *api, selector string, changed func([]nodeObject)) {
	for ctx.Err() == nil {
		if err := followOnce(ctx, api, selector, changed); err != nil && ctx.Err() == nil {
			log.Warn("Nodes cannot be followed: %v", err)
			pause(ctx, retryPause)
		}
	}
}

func followOnce(ctx context.Context, api *api, selector string, changed func([]nodeObject)) error {
	query := "/api/v1/nodes?" + selector
	var list struct {
		Metadata metadata     `json:"metadata"`
		Items    []nodeObject `json:"items"`
	}
	if err := api.get(ctx, query, &list); err != nil {
		return err
	}
	known := map[string]nodeObject{}
	for _, item := range list.Items {
		known[item.Metadata.Name] = item
	}
	changed(list.Items)
	watch := fmt.Sprintf("%s&watch=1&timeoutSeconds=%d&resourceVersion=%s", query, watchSeconds, list.Metadata.ResourceVersion)
	// A connection that died silently must not be waited on for ever.
	limited, cancel := context.WithTimeout(ctx, (watchSeconds+30)*time.Second)
	defer cancel()
	response, err := api.send(limited, http.MethodGet, watch, "", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	events := json.NewDecoder(response.Body)
	for {
		var event struct {
			Type   string          `json:"type"`
			Object json.RawMessage `json:"object"`
		}
		if events.Decode(&event) != nil {
			return nil // the watch is over; the next one begins with a list
		}
		var object nodeObject
		if err := json.Unmarshal(event.Object, &object); err != nil {
			return err
		}
		switch event.Type {
		case "ADDED", "MODIFIED":
			known[object.Metadata.Name] = object
		case "DELETED":
			delete(known, object.Metadata.Name)
		default:
			return nil
		}
		nodes := make([]nodeObject, 0, len(known))
		for _, one := range known {
			nodes = append(nodes, one)
		}
		changed(nodes)
	}
}

// pause waits, and tells whether the context still lives.
func pause(ctx context.Context, time_ time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time_):
		return true
	}
}
