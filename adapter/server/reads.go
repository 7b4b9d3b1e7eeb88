package server

import (
	"net/http"
	"runtime"
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

// readOf returns the namespace of a request that autoscalers make: the metric of a
// namespace, with a selector at most, as oneself. Other requests are none of these.
func readOf(r *http.Request) (namespace string, ok bool) {
	namespaced, ok := strings.CutPrefix(r.URL.Path, readsPath)
	if !ok || r.Method != http.MethodGet {
		return "", false
	}
	namespace, metric, _ := strings.Cut(namespaced, "/")
	query := r.URL.RawQuery
	if namespace == "" || metric != discovery.Metric || query != "" && !strings.HasPrefix(query, "labelSelector=") || strings.Contains(query, "&") {
		return "", false
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "Impersonate-") {
			return "", false
		}
	}
	return namespace, true
}

// about returns what the resolver of the library finds in a read, but for the selector, which
// [reviews] leaves out.
func about(r *http.Request, namespace string) *request.RequestInfo {
	return &request.RequestInfo{
		IsResourceRequest: true, Path: r.URL.Path, Verb: "list", APIPrefix: "apis",
		APIGroup: external.GroupName, APIVersion: external.SchemeGroupVersion.Version,
		Namespace: namespace, Resource: discovery.Metric, Parts: []string{discovery.Metric},
	}
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
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if namespace, ok := readOf(r); ok {
			growStack()
			h.ServeHTTP(w, r.WithContext(request.WithRequestInfo(r.Context(), about(r, namespace))))
			return
		}
		all.ServeHTTP(w, r)
	})
}

// growStack grows the stack of a new goroutine to what a read needs, at once and while there is
// little to copy. Growing it step by step, with ever more frames to adjust, would
// be a tenth of the cost of a read.
//
//go:noinline
func growStack() {
	var frame [8 << 10]byte
	runtime.KeepAlive(&frame)
}

// reads answers authorised reads in the form that the caller accepts.
func reads(p provider.ExternalMetricsProvider) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := answerRead(w, r, p); err != nil {
			responsewriters.ErrorNegotiated(err, apiserver.Codecs, external.SchemeGroupVersion, w, r)
		}
	})
}

// answerRead writes the answer, or returns why there is none. It converts by the function for
// this type, since the codec finds that by reflection at each answer.
func answerRead(w http.ResponseWriter, r *http.Request, p provider.ExternalMetricsProvider) error {
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	_, form, err := negotiation.NegotiateOutputMediaType(r, apiserver.Codecs, negotiation.DefaultEndpointRestrictions)
	if err != nil {
		return err
	}
	namespace := ""
	if info, known := request.RequestInfoFrom(r.Context()); known {
		namespace = info.Namespace
	}
	list, err := p.GetExternalMetric(r.Context(), namespace, selector, provider.ExternalMetricInfo{Metric: discovery.Metric})
	if err != nil {
		return err
	}
	answer := &external.ExternalMetricValueList{}
	if err := external.Convert_external_metrics_ExternalMetricValueList_To_v1beta1_ExternalMetricValueList(list, answer, nil); err != nil {
		return err
	}
	answer.SetGroupVersionKind(external.SchemeGroupVersion.WithKind("ExternalMetricValueList"))
	responsewriters.SerializeObject(form.MediaType, form.Serializer, w, r, http.StatusOK, answer)
	return nil
}
