package sidecar

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

const (
	// late is how old the last tick of a live learner may be: ten times [Poll], as the
	// machine may be busy and the learner has the lowest priority.
	late = 10 * Poll
	// lastAnswer is the longest that answers may take after the end.
	lastAnswer = time.Second
)

// Live returns an error if the learner does not tick on time.
func (s *Sidecar) Live() error {
	last := time.Unix(0, s.lastTick.Load())
	if age := s.o.Now().Sub(last); age > late {
		return fmt.Errorf("the last tick was %v ago, want at most %v", age.Round(time.Second), late)
	}
	return nil
}

// Ready returns an error as long as the adapter has listed no applications.
func (s *Sidecar) Ready() error {
	if !s.listed.Load() {
		return errors.New("the adapter has not written its list of applications")
	}
	return s.Live()
}

// Handler serves /healthz, /readyz and /metrics.
func (s *Sidecar) Handler() http.Handler {
	mux := http.NewServeMux()
	probe := func(check func() error) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if err := check(); err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
			fmt.Fprintln(w, "ok")
		}
	}
	mux.Handle("GET /healthz", probe(s.Live))
	mux.Handle("GET /readyz", probe(s.Ready))
	mux.Handle("GET /metrics", s.o.Metrics.Handler())
	return mux
}

// Serve answers on l until ctx is done.
func (s *Sidecar) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	stopped := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(stopped)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastAnswer)
		defer cancel()
		_ = server.Shutdown(last)
	})
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve probes and metrics: %w", err)
	}
	<-stopped
	return nil
}
