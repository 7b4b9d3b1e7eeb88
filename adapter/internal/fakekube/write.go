package fakekube

import (
	"maps"
	"net/http"
	"path"
)

// write creates, updates, patches or deletes an object. A patch is merged at
// the top level, and into the annotations.
func (s *Server) write(w http.ResponseWriter, r *http.Request, at location) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodDelete {
		if s.objects[at] == nil {
			refuse(w, http.StatusNotFound, "NotFound", at.name)
			return
		}
		s.remove(at)
		answer(w, http.StatusOK, map[string]any{"apiVersion": "v1", "kind": "Status", "status": "Success"})
		return
	}
	object, err := decode(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	meta, _ := object["metadata"].(map[string]any)
	if r.Method == http.MethodPost {
		at.name = stringOf(meta["name"])
	}
	old := s.objects[at]
	oldMeta, _ := old["metadata"].(map[string]any)
	switch {
	case r.Method == http.MethodPost && old != nil:
		refuse(w, http.StatusConflict, "AlreadyExists", at.name)
		return
	case r.Method != http.MethodPost && old == nil:
		refuse(w, http.StatusNotFound, "NotFound", at.name)
		return
	case r.Method == http.MethodPut && stringOf(meta["resourceVersion"]) != "" && meta["resourceVersion"] != oldMeta["resourceVersion"]:
		refuse(w, http.StatusConflict, "Conflict", "the object has been modified")
		return
	case r.Method == http.MethodPatch:
		merged := maps.Clone(old)
		maps.Copy(merged, object)
		merged["metadata"] = annotated(oldMeta, meta)
		object = merged
	}
	s.store(at, object)
	answer(w, http.StatusOK, object)
}

// annotated returns metadata with the annotations of a patch; null removes one.
func annotated(old, patch map[string]any) map[string]any {
	before, _ := old["annotations"].(map[string]any)
	changes, _ := patch["annotations"].(map[string]any)
	after := map[string]any{}
	maps.Copy(after, before)
	for k, v := range changes {
		if v == nil {
			delete(after, k)
		} else {
			after[k] = v
		}
	}
	merged := maps.Clone(old)
	if len(after) > 0 {
		merged["annotations"] = after
	}
	return merged
}

// Delete removes an object.
func (s *Server) Delete(group, version, resource, namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(location{group, version, resource, namespace, name})
}

// remove deletes an object and notifies the watches. s.mu is held.
func (s *Server) remove(at location) {
	object := s.objects[at]
	if object == nil {
		return
	}
	delete(s.objects, at)
	s.version++
	s.record(change{"DELETED", at, s.version, object})
}

// review answers token reviews and subject access reviews.
func (s *Server) review(w http.ResponseWriter, r *http.Request, resource string) {
	review, err := decode(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	spec, _ := review["spec"].(map[string]any)
	if resource == "tokenreviews" {
		user := s.User(stringOf(spec["token"]))
		review["apiVersion"], review["kind"] = "authentication.k8s.io/v1", "TokenReview"
		review["status"] = map[string]any{"authenticated": user != "", "user": map[string]any{"username": user, "groups": []string{"system:authenticated"}}}
	} else {
		verb, on := "", ""
		if a, ok := spec["resourceAttributes"].(map[string]any); ok {
			verb, on = stringOf(a["verb"]), path.Join(stringOf(a["resource"]), stringOf(a["subresource"]))
		}
		if a, ok := spec["nonResourceAttributes"].(map[string]any); ok {
			verb, on = stringOf(a["verb"]), stringOf(a["path"])
		}
		review["apiVersion"], review["kind"] = "authorization.k8s.io/v1", "SubjectAccessReview"
		review["status"] = map[string]any{"allowed": s.Allow(stringOf(spec["user"]), verb, on)}
	}
	answer(w, http.StatusCreated, review)
}
