// Package fakekube is the part of a Kubernetes API server that the adapter's tests need. It has
// objects of a few kinds with list, watch and optimistic locking, and the reviews of delegated
// authentication and authorisation. It validates nothing; the end-to-end tests run against the
// real one.
package fakekube

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// The kinds of the resources in store.
func kindOf(resource string) string {
	return map[string]string{
		"secrets":                  "Secret",
		"configmaps":               "ConfigMap",
		"events":                   "Event",
		"leases":                   "Lease",
		"horizontalpodautoscalers": "HorizontalPodAutoscaler",
		"apiservices":              "APIService",
	}[resource]
}

// Server is the fake. Close it when done.
type Server struct {
	// URL is its address, without TLS.
	URL string
	// User returns the user of a bearer token, "" for an unknown one.
	User func(token string) string
	// Allow decides whether user may do verb on resource, with its subresource after a
	// slash, or on a path for requests that are not about a resource.
	Allow func(user, verb, resource string) bool

	http *httptest.Server

	mu       sync.Mutex
	version  int64
	objects  map[location]map[string]any
	history  []change
	changed  chan struct{} // closed and replaced at every change
	requests []string
}

// change is one entry of the watch history.
type change struct {
	kind    string // ADDED, MODIFIED or DELETED
	at      location
	version int64
	object  map[string]any
}

// New starts a server.
func New() *Server {
	s := &Server{
		User:    func(string) string { return "" },
		Allow:   func(string, string, string) bool { return false },
		objects: map[location]map[string]any{},
		changed: make(chan struct{}),
	}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// Close ends all requests and stops.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// Requests returns "METHOD URL" of every request so far.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.String())
	s.mu.Unlock()
	at, ok := parse(r.URL.Path)
	switch {
	case !ok:
		refuse(w, http.StatusNotFound, "NotFound", "no such path "+r.URL.Path)
	case at.resource == "tokenreviews" || at.resource == "subjectaccessreviews":
		s.review(w, r, at.resource)
	case r.Method == http.MethodGet && at.name == "" && r.URL.Query().Get("watch") != "":
		s.watch(w, r, at)
	case r.Method == http.MethodGet && at.name == "":
		s.list(w, r, at)
	case r.Method == http.MethodGet:
		s.get(w, at)
	default:
		s.write(w, r, at)
	}
}

// Put creates or replaces an object, whatever its resource version.
func (s *Server) Put(o runtime.Object, resource string) error {
	group, version := "", "v1"
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return err
	}
	if kinds, _, err := scheme.Scheme.ObjectKinds(o); err == nil {
		group, version = kinds[0].Group, kinds[0].Version
	} else if k := o.GetObjectKind().GroupVersionKind(); k.Version != "" {
		group, version = k.Group, k.Version
	}
	meta, _ := object["metadata"].(map[string]any)
	namespace, _ := meta["namespace"].(string)
	name, _ := meta["name"].(string)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(location{group, version, resource, namespace, name}, object)
	return nil
}

// Object returns a stored object, nil when there is none.
func (s *Server) Object(resource, namespace, name string) map[string]any {
	for _, o := range s.Objects(resource) {
		meta, _ := o["metadata"].(map[string]any)
		if stringOf(meta["namespace"]) == namespace && meta["name"] == name {
			return o
		}
	}
	return nil
}

// Objects returns the stored objects of a resource.
func (s *Server) Objects(resource string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []map[string]any
	for at, o := range s.objects {
		if at.resource == resource {
			found = append(found, maps.Clone(o))
		}
	}
	return found
}

// store stores an object and notifies the watches. s.mu is held.
func (s *Server) store(at location, object map[string]any) {
	kind := "ADDED"
	if _, exists := s.objects[at]; exists {
		kind = "MODIFIED"
	}
	s.version++
	object["apiVersion"], object["kind"] = at.apiVersion(), kindOf(at.resource)
	meta, _ := object["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
	}
	meta = maps.Clone(meta)
	meta["resourceVersion"] = strconv.FormatInt(s.version, 10)
	if stringOf(meta["uid"]) == "" {
		meta["uid"] = fmt.Sprintf("uid-%s-%s-%s", at.resource, at.namespace, at.name)
	}
	if at.namespace != "" {
		meta["namespace"] = at.namespace
	}
	object["metadata"] = meta
	s.objects[at] = object
	s.record(change{kind, at, s.version, object})
}

func (s *Server) record(c change) {
	s.history = append(s.history, c)
	close(s.changed)
	s.changed = make(chan struct{})
}

// decode reads a body in the encoding of its content type.
func decode(r *http.Request) (map[string]any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if r.Header.Get("Content-Type") == runtime.ContentTypeProtobuf {
		o, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
		if err != nil {
			return nil, err
		}
		if body, err = json.Marshal(o); err != nil {
			return nil, err
		}
	}
	var object map[string]any
	return object, json.Unmarshal(body, &object)
}

func stringOf(v any) string {
	text, _ := v.(string)
	return text
}
