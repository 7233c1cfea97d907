package kubeapi

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// resource is where objects of a kind are.
type resource struct {
	name       string
	namespaced bool
}

// resources remember what the API server said of its kinds; a kind that is not there is asked for again.
type resources struct {
	lock  sync.Mutex
	known map[string]resource
}

// Path returns where an object is, or will be.
func (c *Client) Path(ctx context.Context, object Object) (string, error) {
	version, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	metadata := nested(object["metadata"])
	name, _ := metadata["name"].(string)
	if version == "" || kind == "" || name == "" {
		return "", fmt.Errorf("an object without apiVersion, kind or name: %v", object)
	}
	base := "/apis/" + version
	if !strings.Contains(version, "/") {
		base = "/api/" + version
	}
	found, err := c.resource(ctx, base, kind)
	if err != nil {
		return "", err
	}
	if !found.namespaced {
		return base + "/" + found.name + "/" + name, nil
	}
	namespace, _ := metadata["namespace"].(string)
	if namespace == "" {
		namespace = "default"
	}
	return base + "/namespaces/" + namespace + "/" + found.name + "/" + name, nil
}

func (c *Client) resource(ctx context.Context, base, kind string) (resource, error) {
	c.discovered.lock.Lock()
	defer c.discovered.lock.Unlock()
	if found, known := c.discovered.known[base+"/"+kind]; known {
		return found, nil
	}
	var list struct {
		Resources []struct {
			Name       string
			Kind       string
			Namespaced bool
		}
	}
	if err := c.Get(ctx, base, &list); err != nil {
		return resource{}, err
	}
	for _, one := range list.Resources {
		if !strings.Contains(one.Name, "/") {
			c.discovered.known[base+"/"+one.Kind] = resource{one.Name, one.Namespaced}
		}
	}
	found, known := c.discovered.known[base+"/"+kind]
	if !known {
		return resource{}, fmt.Errorf("no matches for kind %q in version %q", kind, strings.TrimPrefix(strings.TrimPrefix(base, "/apis/"), "/api/"))
	}
	return found, nil
}

// nested reads a field that a decoder of YAML or of JSON made.
func nested(value any) Object {
	switch typed := value.(type) {
	case Object:
		return typed
	case map[string]any:
		return typed
	}
	return nil
}
