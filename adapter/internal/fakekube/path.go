package fakekube

import "strings"

// location is the place of an object, or of a collection if the name is empty.
type location struct {
	group, version, resource, namespace, name string
}

func (l location) apiVersion() string {
	if l.group == "" {
		return l.version
	}
	return l.group + "/" + l.version
}

// holds reports whether an object is in collection l.
func (l location) holds(o location) bool {
	return o.group == l.group && o.resource == l.resource && (l.namespace == "" || o.namespace == l.namespace)
}

// parse splits /api/v1 and /apis/group/version paths. Subresources count as
// their object.
func parse(path string) (location, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var l location
	switch {
	case len(parts) > 2 && parts[0] == "api":
		l.version, parts = parts[1], parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		l.group, l.version, parts = parts[1], parts[2], parts[3:]
	default:
		return l, false
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		l.namespace, parts = parts[1], parts[2:]
	}
	l.resource = parts[0]
	if len(parts) > 1 {
		l.name = parts[1]
	}
	return l, true
}
