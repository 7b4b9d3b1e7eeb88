package telemetry

import (
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/common/config"

	"github.com/deepscaler/deepscaler/estimator"
)

// guarded answers as f to those who know the secret.
func guarded(f http.Handler, knows func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !knows(r) {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		f.ServeHTTP(w, r)
	})
}

func bearer(token string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer "+token }
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAuthentication(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	writeFile(t, file, []byte("s3cret\n"))
	basic := func(r *http.Request) bool {
		user, password, ok := r.BasicAuth()
		return ok && user == "reader" && password == "s3cret"
	}
	for name, tc := range map[string]struct {
		knows func(*http.Request) bool
		http  config.HTTPClientConfig
	}{
		"bearer token":    {bearer("s3cret"), config.HTTPClientConfig{BearerToken: "s3cret"}},
		"credentials":     {bearer("s3cret"), config.HTTPClientConfig{Authorization: &config.Authorization{Credentials: "s3cret"}}},
		"token in a file": {bearer("s3cret"), config.HTTPClientConfig{Authorization: &config.Authorization{CredentialsFile: file}}},
		"basic auth":      {basic, config.HTTPClientConfig{BasicAuth: &config.BasicAuth{Username: "reader", Password: "s3cret"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSource(t, guarded(newFake(t), tc.knows), func(c *Config) { c.Prometheus.HTTP = HTTPClientConfig{tc.http} })
			if _, _, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd); err != nil {
				t.Error(err)
			}

			s = newSource(t, guarded(newFake(t), tc.knows))
			_, _, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd)
			if err == nil || !strings.Contains(Explain(err), "401") || !strings.Contains(Explain(err), "prometheus.http") {
				t.Errorf("without credentials: error %v, want 401 and where to set them", err)
			}
		})
	}
}

func TestTokenFileIsReadAnew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	writeFile(t, file, []byte("old"))
	valid := "old"
	s := newSource(t, guarded(newFake(t), func(r *http.Request) bool { return bearer(valid)(r) }), func(c *Config) {
		c.Prometheus.HTTP.BearerTokenFile = file
	})
	for _, token := range []string{"old", "new"} {
		valid = token
		writeFile(t, file, []byte(token))
		if _, _, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd); err != nil {
			t.Errorf("%s token: %v", token, err)
		}
	}

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd); err == nil || !strings.Contains(Explain(err), file) {
		t.Errorf("error %v, want the file that is missing", err)
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(newFake(t))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of the handshakes that are meant to fail
	server.StartTLS()
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.crt")
	writeFile(t, ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))

	s := newSource(t, newFake(t), func(c *Config) {
		c.Prometheus.URL = server.URL
		c.Prometheus.HTTP.TLSConfig.CAFile = ca
	})
	if _, _, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd); err != nil {
		t.Errorf("with the CA of the server: %v", err)
	}

	s = newSource(t, newFake(t), func(c *Config) { c.Prometheus.URL = server.URL })
	if _, _, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd); err == nil || !strings.Contains(Explain(err), "certificate") {
		t.Errorf("without it: error %v, want one of the certificate", err)
	}
}
