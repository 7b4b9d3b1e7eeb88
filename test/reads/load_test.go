package main

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// Every read is counted once, those that are refused by themselves.
func TestDriveCountsReads(t *testing.T) {
	for _, w := range []way{{name: "offered", rate: 200}, {name: "most"}} {
		t.Run(w.name, func(t *testing.T) {
			var answered, refused atomic.Int64
			server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/busy" {
					refused.Add(1)
					http.Error(rw, "busy", http.StatusTooManyRequests)
					return
				}
				answered.Add(1)
			}))
			defer server.Close()
			b := &bench{}
			clients := []client{b.client(server.URL), b.client(server.URL)}
			r, err := w.drive(t.Context(), clients, []string{"/free", "/busy"}, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if int64(len(r.took)) != answered.Load() || int64(r.refused) != refused.Load() {
				t.Errorf("%d answered and %d refused, the server has %d and %d", len(r.took), r.refused, answered.Load(), refused.Load())
			}
			if n := len(r.took) + r.refused; w.rate > 0 && n != w.rate {
				t.Errorf("%d reads in a second, want %d", n, w.rate)
			}
			if d := len(r.took) - r.refused; d < -1 || d > 1 {
				t.Errorf("%d answered and %d refused, want them by turns", len(r.took), r.refused)
			}
		})
	}
}

// A server that answers nothing, or is away, is an error.
func TestDriveNeedsAnswers(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	b := &bench{}
	clients := []client{b.client(server.URL)}
	if _, err := (way{rate: 10}).drive(t.Context(), clients, []string{"/"}, time.Second); err == nil {
		t.Error("no error, though nothing was answered")
	}
	server.Close()
	if _, err := (way{}).drive(t.Context(), clients, []string{"/"}, time.Second); err == nil {
		t.Error("no error without a server")
	}
}
