// Package ui serves a page on localhost that shows live what the adapter of a cluster plans.
// The page has the graph of an application, the needs of its services, and the trust in its
// model.
package ui

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/adapter/explain"
)

//go:embed page
var page embed.FS

// Source has what the adapter plans. Namespaces are those with services.
type Source interface {
	Describe(ctx context.Context, q explain.Query) (*explain.Document, error)
	Namespaces(ctx context.Context) ([]string, error)
}

// Server serves the page with the rights of a source's user.
type Server struct {
	Source Source
	// Namespace is the one that is shown first.
	Namespace string
}

// patience is how long the page waits for the cluster.
const patience = 20 * time.Second

// Handler serves the page to browsers that ask for one of the given hosts, which have
// ports. A page of another site that resolves to this machine asks for another one.
func (s *Server) Handler(hosts ...string) (http.Handler, error) {
	files, err := fs.Sub(page, "page")
	if err != nil {
		return nil, fmt.Errorf("embedded page: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /api/document", s.document)
	mux.HandleFunc("GET /api/namespaces", s.namespaces)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(hosts, r.Host) {
			http.Error(w, "this page is for localhost only", http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	}), nil
}

// document answers with the services of a namespace, or with one and its neighbours.
func (s *Server) document(w http.ResponseWriter, r *http.Request) {
	ctx, stop := context.WithTimeout(r.Context(), patience)
	defer stop()
	q := explain.Query{Namespace: r.URL.Query().Get("namespace"), Service: r.URL.Query().Get("service"), Full: true}
	if q.Namespace == "" {
		q.Namespace = s.Namespace
	}
	d, err := s.Source.Describe(ctx, q)
	answer(w, d, err)
}

// namespaces answers with those that the user may see: all, or the one of the kubeconfig.
func (s *Server) namespaces(w http.ResponseWriter, r *http.Request) {
	ctx, stop := context.WithTimeout(r.Context(), patience)
	defer stop()
	all, err := s.Source.Namespaces(ctx)
	if err != nil {
		all = nil // the right to list autoscalers everywhere is not needed for one namespace
	}
	if !slices.Contains(all, s.Namespace) {
		all = append(all, s.Namespace)
	}
	answer(w, map[string]any{"namespaces": all, "first": s.Namespace}, nil)
}

func answer(w http.ResponseWriter, body any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		body = map[string]string{"error": err.Error()}
	}
	// A browser that is gone needs no answer.
	_ = json.NewEncoder(w).Encode(body)
}

// Run serves on a port of localhost until ctx is done, and calls ready with the address
// once it does.
func (s *Server) Run(ctx context.Context, port int, ready func(url string)) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return fmt.Errorf("listen on localhost: %w; choose another --port", err)
	}
	_, actual, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	handler, err := s.Handler("127.0.0.1:"+actual, "localhost:"+actual)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: patience}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	ready("http://127.0.0.1:" + actual)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the page: %w", err)
	}
	return nil
}
