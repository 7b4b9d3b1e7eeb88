package estimator

import (
	"cmp"
	"fmt"
	"strings"
)

// Service names one node of the application graph: a workload (what an HPA
// scales) and the namespace it lives in.
//
// Files name services as text: "shop/cart" is workload cart in namespace shop. An
// application in a single namespace may be recorded without it: a bare name,
// "cart", is a Service with an empty Namespace. It stands for the workload of
// that name in any namespace ([Service.Matches]). Recordings, invocation graphs
// and model files share these rules.
type Service struct {
	Namespace string
	Name      string
}

// ParseService reads the text of [Service.String]. An empty part or a second
// slash is an error.
func ParseService(text string) (Service, error) {
	namespace, name, found := strings.Cut(text, "/")
	if !found {
		namespace, name = "", text
	}
	if name == "" || found && namespace == "" || strings.Contains(name, "/") {
		return Service{}, fmt.Errorf("service is %q, want namespace/name or a name alone", text)
	}
	return Service{Namespace: namespace, Name: name}, nil
}

// String returns "namespace/name", or the name alone when the namespace is empty.
func (s Service) String() string {
	if s.Namespace == "" {
		return s.Name
	}
	return s.Namespace + "/" + s.Name
}

// Matches reports whether s and o may be the same workload: they have the same
// name, and the same namespace unless one of them lacks it.
func (s Service) Matches(o Service) bool {
	return s.Name == o.Name && (s.Namespace == o.Namespace || s.Namespace == "" || o.Namespace == "")
}

// Compare orders services by namespace, then name. It is the order of the
// services of every [Window] that telemetry or a recording returns.
func (s Service) Compare(o Service) int {
	return cmp.Or(strings.Compare(s.Namespace, o.Namespace), strings.Compare(s.Name, o.Name))
}

// ParseServices reads several services with [ParseService].
func ParseServices(texts []string) ([]Service, error) {
	services := make([]Service, len(texts))
	for i, text := range texts {
		var err error
		if services[i], err = ParseService(text); err != nil {
			return nil, err
		}
	}
	return services, nil
}

// ServiceNames returns the text of every service.
func ServiceNames(services []Service) []string {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = s.String()
	}
	return names
}
