package server

import (
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	apifilters "k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/handlers/negotiation"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericfilters "k8s.io/apiserver/pkg/server/filters"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// readsPath begins the path of a read of the external metric.
const readsPath = "/apis/" + external.GroupName + "/v1beta1/namespaces/"

// isRead reports whether a request is one that autoscalers make: the metric of a
// namespace, with a selector at most, as oneself.
func isRead(r *http.Request) bool {
	namespaced, ok := strings.CutPrefix(r.URL.Path, readsPath)
	if !ok || r.Method != http.MethodGet {
		return false
	}
	namespace, metric, _ := strings.Cut(namespaced, "/")
	query := r.URL.RawQuery
	if namespace == "" || metric != discovery.Metric || query != "" && !strings.HasPrefix(query, "labelSelector=") || strings.Contains(query, "&") {
		return false
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "Impersonate-") {
			return false
		}
	}
	return true
}

// withReads answers reads of autoscalers from p by a chain of what matters to them: who
// asks, and whether he may. Everything else goes to all. In the chain of all, most of the
// time of a read goes into tracing, auditing, timeouts, impersonation, routing and the goroutines of these,
// while a read waits for nothing.
func withReads(all http.Handler, p provider.ExternalMetricsProvider, c *genericapiserver.Config) http.Handler {
	h := apifilters.WithAuthorization(reads(p), c.Authorization.Authorizer, c.Serializer)
	h = genericfilters.WithMaxInFlightLimit(h, c.MaxRequestsInFlight, c.MaxMutatingRequestsInFlight, c.LongRunningFunc)
	h = apifilters.WithAuthentication(h, c.Authentication.Authenticator, apifilters.Unauthorized(c.Serializer), c.Authentication.APIAudiences, c.Authentication.RequestHeaderConfig)
	h = genericfilters.WithWaitGroup(h, c.LongRunningFunc, c.NonLongRunningRequestWaitGroup)
	h = apifilters.WithCacheControl(h)
	h = apifilters.WithRequestInfo(h, c.RequestInfoResolver)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isRead(r) {
			h.ServeHTTP(w, r)
			return
		}
		all.ServeHTTP(w, r)
	})
}

// reads answers authorised reads in the form that the caller accepts.
func reads(p provider.ExternalMetricsProvider) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse := func(err error) {
			responsewriters.ErrorNegotiated(err, apiserver.Codecs, external.SchemeGroupVersion, w, r)
		}
		selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
		if err != nil {
			refuse(apierrors.NewBadRequest(err.Error()))
			return
		}
		namespace := ""
		if info, known := request.RequestInfoFrom(r.Context()); known {
			namespace = info.Namespace
		}
		list, err := p.GetExternalMetric(r.Context(), namespace, selector, provider.ExternalMetricInfo{Metric: discovery.Metric})
		if err != nil {
			refuse(err)
			return
		}
		responsewriters.WriteObjectNegotiated(apiserver.Codecs, negotiation.DefaultEndpointRestrictions, external.SchemeGroupVersion, w, r, http.StatusOK, list, false)
	})
}
