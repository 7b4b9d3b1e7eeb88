package explain

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/request"
	custom "k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// The values of the query parameter.
const (
	parameter = "explain"
	brief     = "true"
	full      = "full"
	// everything stands for all kinds or all objects in a path of the custom metrics API.
	everything = "*"
)

// Selection names services of one namespace.
type Selection struct {
	Namespace string
	Selector  labels.Selector
	// Resource is that of the scale targets, empty for all.
	Resource schema.GroupResource
	// Full adds inputs, forecasts and neighbours.
	Full bool
}

// Source describes services. An error is an API error.
type Source interface {
	Describe(context.Context, Selection) (*Document, error)
}

// Around returns a handler that answers requests for explanations of the metric, on
// either metrics API, and passes others on. Callers are authenticated and authorised before.
func Around(next http.Handler, s Source) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		selection, asked := Selection{}, false
		// Most requests are those of autoscalers, which are not parsed twice.
		if strings.Contains(r.URL.RawQuery, parameter) && r.URL.Query().Has(parameter) && r.Method == http.MethodGet {
			selection, asked = ofMetric(r.Context())
		}
		if !asked {
			next.ServeHTTP(w, r)
			return
		}
		d, err := describe(r.Context(), selection, r.URL.Query(), s)
		if err != nil {
			refuse(w, err)
			return
		}
		answer(w, http.StatusOK, d)
	})
}

// ofMetric returns the services whose metric a request reads, and whether it reads the
// metric at all: on the external API those of a namespace, on the custom API those of one
// kind or, with a * as the kind, of all kinds.
func ofMetric(ctx context.Context) (Selection, bool) {
	info, known := request.RequestInfoFrom(ctx)
	if !known || !info.IsResourceRequest || info.Namespace == "" {
		return Selection{}, false
	}
	s := Selection{Namespace: info.Namespace, Selector: labels.Everything()}
	switch {
	case info.APIGroup == external.GroupName:
		return s, info.Resource == discovery.Metric && info.Name == ""
	case info.APIGroup != custom.GroupName || info.Subresource != discovery.Metric:
		return s, false
	}
	if info.Resource != everything {
		s.Resource = schema.ParseGroupResource(info.Resource)
	}
	if info.Name != everything {
		s.Selector = labels.SelectorFromSet(labels.Set{discovery.ServiceLabel: info.Name})
	}
	return s, true
}

func describe(ctx context.Context, of Selection, query url.Values, s Source) (*Document, error) {
	wanted := query.Get(parameter)
	if !slices.Contains([]string{brief, full}, wanted) {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("%s is %q, want %s or %s", parameter, wanted, brief, full))
	}
	narrower, err := labels.ParseToRequirements(query.Get("labelSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("labelSelector: %v", err))
	}
	of.Selector, of.Full = of.Selector.Add(narrower...), wanted == full
	return s.Describe(ctx, of)
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
