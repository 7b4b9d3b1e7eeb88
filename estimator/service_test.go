package estimator

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestServiceText(t *testing.T) {
	for text, want := range map[string]Service{
		"cart":      {Name: "cart"},
		"shop/cart": {Namespace: "shop", Name: "cart"},
	} {
		got, err := ParseService(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%q is %+v (%q), error %v, want %+v", text, got, got, err, want)
		}
	}
	for _, text := range []string{"", "/", "/cart", "shop/", "shop/cart/v2"} {
		if got, err := ParseService(text); err == nil || !strings.Contains(err.Error(), "want namespace/name or a name alone") {
			t.Errorf("%q is %+v, error %v, want an error that says what is wanted", text, got, err)
		}
	}
	services, err := ParseServices([]string{"shop/cart", "web"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"shop/cart", "web"}, ServiceNames(services)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if _, err := ParseServices([]string{"web", ""}); err == nil {
		t.Error("an empty name is no error")
	}
}

// A bare name is the workload of that name in any namespace.
func TestServiceMatches(t *testing.T) {
	cart, bare := Service{Namespace: "shop", Name: "cart"}, Service{Name: "cart"}
	for _, tc := range []struct {
		a, b Service
		want bool
	}{
		{cart, cart, true},
		{cart, bare, true},
		{bare, bare, true},
		{cart, Service{Namespace: "lab", Name: "cart"}, false},
		{cart, Service{Namespace: "shop", Name: "web"}, false},
		{bare, Service{Name: "web"}, false},
	} {
		if tc.a.Matches(tc.b) != tc.want || tc.b.Matches(tc.a) != tc.want {
			t.Errorf("%v matches %v: %v, want %v", tc.a, tc.b, !tc.want, tc.want)
		}
	}
}

func TestServiceCompare(t *testing.T) {
	want := []Service{{Name: "a"}, {Name: "z"}, {Namespace: "shop", Name: "a"}, {Namespace: "shop", Name: "b"}, {Namespace: "shop-2", Name: "a"}}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Service.Compare)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}
