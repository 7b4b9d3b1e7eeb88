package ui

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/adapter/explain"
)

// source knows one service, or fails.
type source struct{ err error }

func (s source) Describe(_ context.Context, q explain.Query) (*explain.Document, error) {
	if s.err != nil {
		return nil, s.err
	}
	return &explain.Document{Services: []explain.Service{{Namespace: q.Namespace, Name: q.Service}}}, nil
}

func (s source) Namespaces(context.Context) ([]string, error) { return []string{"bank"}, s.err }

func ask(t *testing.T, s source, host, path string) (int, string) {
	t.Helper()
	handler, err := (&Server{Source: s, Namespace: "shop"}).Handler("127.0.0.1:8787")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = host
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestServer(t *testing.T) {
	down := source{errors.New("the adapter does not answer")}
	for name, c := range map[string]struct {
		source     source
		host, path string
		code       int
		text       string
	}{
		"the page":               {source{}, "127.0.0.1:8787", "/", 200, "<title>DeepScaler</title>"},
		"its script":             {source{}, "127.0.0.1:8787", "/app.js", 200, "import"},
		"the first namespace":    {source{}, "127.0.0.1:8787", "/api/document", 200, `"namespace":"shop"`},
		"another one":            {source{}, "127.0.0.1:8787", "/api/document?namespace=bank&service=vault", 200, `"namespace":"bank","name":"vault"`},
		"the namespaces":         {source{}, "127.0.0.1:8787", "/api/namespaces", 200, `"namespaces":["bank","shop"]`},
		"without the right":      {down, "127.0.0.1:8787", "/api/namespaces", 200, `"namespaces":["shop"]`},
		"an error":               {down, "127.0.0.1:8787", "/api/document", http.StatusBadGateway, "does not answer"},
		"a name of another site": {source{}, "evil.example:8787", "/api/document", http.StatusMisdirectedRequest, "localhost only"},
		"another port":           {source{}, "127.0.0.1:80", "/", http.StatusMisdirectedRequest, "localhost only"},
	} {
		t.Run(name, func(t *testing.T) {
			if code, body := ask(t, c.source, c.host, c.path); code != c.code || !strings.Contains(body, c.text) {
				t.Errorf("%d %s, want %d with %q", code, body, c.code, c.text)
			}
		})
	}
}

// The script finds every element that it looks up, and everything that it imports.
func TestPageFitsItsScripts(t *testing.T) {
	markup, err := fs.ReadFile(page, "page/index.html")
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := fs.Glob(page, "page/*.js")
	if err != nil || len(scripts) < 3 {
		t.Fatalf("scripts %q, %v", scripts, err)
	}
	found := 0
	for _, name := range scripts {
		script, err := fs.ReadFile(page, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\$\("([a-z]+)"\)`).FindAllStringSubmatch(string(script), -1) {
			found++
			if !strings.Contains(string(markup), `id="`+m[1]+`"`) {
				t.Errorf("%s looks up #%s, which the page lacks", name, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`from "\./([a-z.]+)"`).FindAllStringSubmatch(string(script), -1) {
			if _, err := fs.Stat(page, "page/"+m[1]); err != nil {
				t.Errorf("%s imports %v", name, err)
			}
		}
		if strings.Contains(string(script), "innerHTML") {
			t.Errorf("%s makes markup of texts", name)
		}
	}
	if found < 5 {
		t.Errorf("found only %d look-ups", found)
	}
}

func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	urls, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- (&Server{Source: source{}, Namespace: "shop"}).Run(ctx, 0, func(url string) { urls <- url })
	}()
	url := <-urls
	client := &http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(url + "/api/document")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || !strings.Contains(string(body), `"namespace":"shop"`) {
		t.Errorf("%s, %v", body, err)
	}
	client.CloseIdleConnections()
	stop()
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
}
