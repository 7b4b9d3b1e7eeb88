package adapter

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// A read of an autoscaler takes a short way through the server. A parameter that changes
// nothing sends it the long way, and both answer the same, byte by byte.
func TestShortReadsAnswerAsLongOnes(t *testing.T) {
	s := start(t)
	s.ready(t)
	read := func(path, token, accept, impersonate string) (answer [3]string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"Authorization": "Bearer " + token, "Accept": accept, "Impersonate-User": impersonate} {
			if value != "" && value != "Bearer " {
				r.Header.Set(name, value)
			}
		}
		response, err := s.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return [3]string{response.Status, response.Header.Get("Content-Type") + ", " + response.Header.Get("Cache-Control"), string(body)}
	}
	const protobuf = "application/vnd.kubernetes.protobuf, application/json"
	for _, c := range []struct{ query, token, accept, impersonate, status string }{
		{"?labelSelector=service%3Dweb", "hpa", "application/json", "", "200 OK"},
		{"?labelSelector=service%3Dweb", "hpa", protobuf, "", "200 OK"},
		{"?labelSelector=", "hpa", "", "", "200 OK"},
		{"?labelSelector=service%3Dother", "hpa", "", "", "404 Not Found"},
		{"?labelSelector=service%3Dother", "hpa", protobuf, "", "404 Not Found"},
		{"?labelSelector=%3D%3D", "hpa", "", "", "400 Bad Request"},
		{"?labelSelector=service%3Dweb", "nobody", "", "", "403 Forbidden"},
		{"?labelSelector=service%3Dweb", "forged", "", "", "401 Unauthorized"},
		{"?labelSelector=service%3Dweb", "", "", "", "403 Forbidden"},
		{"?labelSelector=service%3Dweb", "admin", "", "nobody", "403 Forbidden"},
		{"?labelSelector=service%3Dweb", "admin", "", "hpa", "200 OK"},
		{"?labelSelector=service%3Dweb", "hpa", "", "admin", "403 Forbidden"},
	} {
		// A tick may come between the two; then the next pair is of one plan.
		var short, long [3]string
		eventually(t, "two answers by one plan", func() bool {
			short = read(shopMetric+c.query, c.token, c.accept, c.impersonate)
			long = read(shopMetric+c.query+"&pretty=false", c.token, c.accept, c.impersonate)
			return short == long && !strings.HasPrefix(short[0], "503")
		})
		if short != long || short[0] != c.status {
			t.Errorf("%+v:\nshort %q\nlong  %q", c, short, long)
		}
	}
}
