package history

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
)

func TestReadGraph(t *testing.T) {
	services := fakehistory.Named("cart", "frontend", "redis-cart")
	for _, tc := range []struct {
		name, in string
		want     []estimator.Edge
	}{
		{"weights", "source,destination,weight\nfrontend,cart,1.5\ncart,redis-cart,\n", []estimator.Edge{{Source: 1, Destination: 0, Weight: 1.5}, {Source: 0, Destination: 2, Weight: 1}}},
		{"no weights", "source,destination\nfrontend,cart\ncart,cart\n", []estimator.Edge{{Source: 1, Destination: 0, Weight: 1}, {Source: 0, Destination: 0, Weight: 1}}},
		{"no edges", "source,destination\n", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ReadGraph(strings.NewReader(tc.in), services)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
			var out bytes.Buffer
			if err := WriteGraph(&out, services, got); err != nil {
				t.Fatal(err)
			}
			again, err := ReadGraph(&out, services)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("round trip (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadGraphErrors(t *testing.T) {
	const header = "source,destination,weight\n"
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", "the file is empty, want the header"},
		{"header", "from,to\n", `line 1, column 1: the header is "from,to", want source,destination`},
		{"half a header", "source\n", `line 1, column 1: the header is "source"`},
		{"too wide a header", "source,destination,weight,more\n", "want source,destination or source,destination,weight"},
		{"cells", header + "cart,frontend\n", "line 2, column 1: 2 cells, but the header has 3"},
		{"unknown", header + "frontend,cart,1\nfrontend,carts,1\n", `line 3, column 10: service "carts" is not in the series; the nearest names there are ["cart" "frontend" "redis-cart"]`},
		{"zero", header + "frontend,cart,0\n", `line 2, column 15: weight is "0", want a finite number above 0`},
		{"negative", header + "frontend,cart,-1\n", `line 2, column 15: weight is "-1"`},
		{"infinite", header + "frontend,cart,Inf\n", `line 2, column 15: weight is "Inf"`},
		{"not a number", header + "frontend,cart,NaN\n", `line 2, column 15: weight is "NaN"`},
		{"twice", header + "frontend,cart,1\ncart,frontend,1\n\nfrontend,cart,2\n", `line 5, column 1: "frontend" to "cart" is already at line 2`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ReadGraph(strings.NewReader(tc.in), fakehistory.Named("cart", "frontend", "redis-cart"))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

// A bare name is the service of that name in any namespace, when there is one.
func TestReadGraphOfNamespaces(t *testing.T) {
	services := fakehistory.Named("lab/cart", "shop/cart", "shop/web")
	got, err := ReadGraph(strings.NewReader("source,destination\nweb,shop/cart\n"), services)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]estimator.Edge{{Source: 2, Destination: 1, Weight: 1}}, got); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
	_, err = ReadGraph(strings.NewReader("source,destination\nweb,cart\n"), services)
	if want := `line 2, column 5: service "cart" may be "lab/cart" or "shop/cart"; name its namespace`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}

func TestWriteGraphErrors(t *testing.T) {
	for _, edges := range [][]estimator.Edge{
		{{Source: 0, Destination: 2, Weight: 1}},
		{{Source: -1, Destination: 0, Weight: 1}},
		{{Source: 0, Destination: 1}},
		{{Source: 0, Destination: 1, Weight: math.NaN()}},
		{{Source: 0, Destination: 1, Weight: 1}, {Source: 0, Destination: 1, Weight: 2}},
	} {
		var out bytes.Buffer
		if err := WriteGraph(&out, fakehistory.Named("a", "b"), edges); err == nil || out.Len() > 0 {
			t.Errorf("%v: error %v and %d bytes written, want an error and nothing", edges, err, out.Len())
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"cart", "cart", 0}, {"flaw", "lawn", 2}} {
		if got := distance(tc.a, tc.b); got != tc.want || distance(tc.b, tc.a) != got {
			t.Errorf("distance of %q and %q is %d, want %d both ways", tc.a, tc.b, got, tc.want)
		}
	}
}

func FuzzReadGraph(f *testing.F) {
	f.Add("source,destination,weight\na,b,2\nb,c,\n")
	f.Add("source,destination\n\"b\",a\n")
	services := fakehistory.Named("a", "b", "c")
	f.Fuzz(func(t *testing.T, in string) {
		edges, err := ReadGraph(strings.NewReader(in), services)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WriteGraph(&out, services, edges); err != nil {
			t.Fatalf("read a graph that is not valid: %v", err)
		}
		again, err := ReadGraph(&out, services)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(edges, again); diff != "" {
			t.Errorf("round trip (-want +got):\n%s", diff)
		}
	})
}
