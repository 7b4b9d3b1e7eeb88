package explain

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/endpoints/request"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// The values of the query parameter.
const (
	parameter = "explain"
	brief     = "true"
	full      = "full"
)

// Source describes the services of a namespace that a selector matches. An error is an
// API error.
type Source interface {
	Describe(ctx context.Context, namespace string, selector labels.Selector, full bool) (*Document, error)
}

// Around returns a handler that answers requests for explanations of the metric, and
// passes others on. Callers are authenticated and authorised before.
func Around(next http.Handler, s Source) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wanted := r.URL.Query().Get(parameter)
		info, known := request.RequestInfoFrom(r.Context())
		if wanted == "" || !known || !info.IsResourceRequest || info.Namespace == "" || info.Name != "" ||
			info.Resource != discovery.Metric || r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		d, err := describe(r, info.Namespace, wanted, s)
		if err != nil {
			refuse(w, err)
			return
		}
		answer(w, http.StatusOK, d)
	})
}

func describe(r *http.Request, namespace, wanted string, s Source) (*Document, error) {
	if !slices.Contains([]string{brief, full}, wanted) {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("%s is %q, want %s or %s", parameter, wanted, brief, full))
	}
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("labelSelector: %v", err))
	}
	return s.Describe(r.Context(), namespace, selector, wanted == full)
}

func refuse(w http.ResponseWriter, err error) {
	status, ok := err.(apierrors.APIStatus)
	if !ok {
		status = apierrors.NewInternalError(err)
	}
	s := status.Status()
	s.APIVersion, s.Kind = "v1", "Status"
	answer(w, int(s.Code), s)
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// A client that is gone needs no answer.
	_ = json.NewEncoder(w).Encode(body)
}
