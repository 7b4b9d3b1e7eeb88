package discovery

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

func TestChanged(t *testing.T) {
	of := func(name string, most, pods int) Service {
		return Service{Service: estimator.Service{Namespace: "shop", Name: name}, Application: "shop", Bounds: plan.Bounds{Min: 1, Max: most}, Pods: &pods}
	}
	app := func(name string, services ...Service) Application { return Application{Name: name, Services: services} }
	before := []Application{app("bank", of("pay", 9, 1)), app("shop", of("cart", 9, 1), of("web", 9, 1))}
	for name, c := range map[string]struct {
		after []Application
		want  []string
	}{
		"nothing":            {before, nil},
		"pods":               {[]Application{before[0], app("shop", of("cart", 9, 4), of("web", 9, 1))}, nil},
		"a service joins":    {[]Application{before[0], app("shop", of("cart", 9, 1), of("new", 9, 1), of("web", 9, 1))}, []string{"shop"}},
		"a service leaves":   {[]Application{before[0], app("shop", of("web", 9, 1))}, []string{"shop"}},
		"one for another":    {[]Application{app("bank", of("loan", 9, 1)), before[1]}, []string{"bank"}},
		"bounds":             {[]Application{before[0], app("shop", of("cart", 3, 1), of("web", 9, 1))}, []string{"shop"}},
		"an application new": {append([]Application{app("aa", of("x", 9, 1))}, before...), []string{"aa"}},
		"an application old": {before[:1], nil},
	} {
		if diff := cmp.Diff(c.want, Changed(before, c.after)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
