package fakekube

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

func (s *Server) get(w http.ResponseWriter, at location) {
	s.mu.Lock()
	object := s.objects[at]
	s.mu.Unlock()
	if object == nil {
		refuse(w, http.StatusNotFound, "NotFound", at.resource+" \""+at.name+"\" not found")
		return
	}
	answer(w, http.StatusOK, object)
}

// selected reports whether a fieldSelector, if any, selects an object by name, and a
// labelSelector by its labels.
func selected(r *http.Request, at location, object map[string]any) bool {
	name, ok := strings.CutPrefix(r.URL.Query().Get("fieldSelector"), "metadata.name=")
	if ok && name != at.name {
		return false
	}
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	found, _, _ := unstructured.NestedStringMap(object, "metadata", "labels")
	return err == nil && selector.Matches(labels.Set(found))
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, at location) {
	items := []map[string]any{}
	s.mu.Lock()
	for key, object := range s.objects {
		if at.holds(key) && selected(r, key, object) {
			items = append(items, object)
		}
	}
	version := s.version
	s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{
		"apiVersion": at.apiVersion(), "kind": kindOf(at.resource) + "List",
		"metadata": map[string]any{"resourceVersion": strconv.FormatInt(version, 10)}, "items": items,
	})
}

// watch streams the changes since the given resource version. Without one, or
// when initial events are requested, it sends the present objects first.
func (s *Server) watch(w http.ResponseWriter, r *http.Request, at location) {
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	send := func(kind string, object map[string]any) {
		// A client that is gone ends the request's context.
		_ = encoder.Encode(map[string]any{"type": kind, "object": object})
	}
	since, _ := strconv.ParseInt(r.URL.Query().Get("resourceVersion"), 10, 64)
	if initial := r.URL.Query().Get("sendInitialEvents") == "true"; initial || since == 0 {
		s.mu.Lock()
		since = s.version
		for key, object := range s.objects {
			if at.holds(key) && selected(r, key, object) {
				send("ADDED", object)
			}
		}
		s.mu.Unlock()
		if initial {
			send("BOOKMARK", map[string]any{
				"apiVersion": at.apiVersion(), "kind": kindOf(at.resource),
				"metadata": map[string]any{
					"resourceVersion": strconv.FormatInt(since, 10),
					"annotations":     map[string]any{metav1.InitialEventsAnnotationKey: "true"},
				},
			})
		}
	}
	for {
		s.mu.Lock()
		changed := s.changed
		for _, c := range s.history {
			if c.version > since && at.holds(c.at) && selected(r, c.at, c.object) {
				send(c.kind, c.object)
			}
		}
		since = s.version
		s.mu.Unlock()
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		}
	}
}

func answer(w http.ResponseWriter, code int, object any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// A client that is gone needs no answer.
	_ = json.NewEncoder(w).Encode(object)
}

func refuse(w http.ResponseWriter, code int, reason, message string) {
	answer(w, code, map[string]any{
		"apiVersion": "v1", "kind": "Status", "status": "Failure",
		"code": code, "reason": reason, "message": message,
	})
}
