package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/prometheus/common/config"
)

// endpoint is a server that answers in JSON. It implements api.Client of
// client_golang in place of the stock one, which reads answers of any size.
type endpoint struct {
	// key is its section of the configuration.
	key    string
	base   *url.URL
	client *http.Client
	// parameters are part of every request.
	parameters url.Values
	// limit is the size of the largest answer, in bytes.
	limit int64
	// slots bounds the queries at a time; it holds one value for each of them.
	slots chan struct{}
	// buffers has a *bytes.Buffer of every answer that was decoded, for later ones.
	buffers sync.Pool
}

func newEndpoint(key, base string, http HTTPClientConfig, limit int64, concurrent int) (*endpoint, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("parse URL: %w", err)
	}
	client, err := config.NewClientFromConfig(http.HTTPClientConfig, "deepscaler_"+key, config.WithUserAgent("deepscaler"))
	if err != nil {
		return nil, fmt.Errorf("set up HTTP client: %w", err)
	}
	if http.FollowRedirects {
		client.CheckRedirect = keepMethod
	}
	return &endpoint{key: key, base: u, client: client, limit: limit, slots: make(chan struct{}, concurrent)}, nil
}

// keepMethod follows redirects of status 307 and 308. Others turn POST into GET
// and lose the query, and Prometheus then reports a missing one.
func keepMethod(req *http.Request, via []*http.Request) error {
	switch {
	case req.Method != via[0].Method:
		return http.ErrUseLastResponse
	case len(via) >= 10:
		return errors.New("stopped after 10 redirects")
	}
	return nil
}

// guarded runs one question as soon as a slot is free. A panic of the decoder
// on outside data becomes an error and does not end the process.
func (e *endpoint) guarded(ctx context.Context, question func(context.Context) error) (err error) {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return e.explain(ctx.Err())
	}
	defer func() {
		if r := recover(); r != nil {
			err = wrong(Malformed, nil, "it made its reader panic: %v\n%s", r, debug.Stack())
		}
	}()
	return e.explain(question(ctx))
}

// URL returns the address of path, whose parameters are filled in.
func (e *endpoint) URL(path string, args map[string]string) *url.URL {
	for name, value := range args {
		path = strings.ReplaceAll(path, ":"+name, value)
	}
	return e.base.JoinPath(path)
}

// Do sends req and reads the answer, which it bounds in size and, through ctx,
// in time. Errors are *Error where they are not of the transport.
func (e *endpoint) Do(ctx context.Context, req *http.Request) (*http.Response, []byte, error) {
	if len(e.parameters) > 0 {
		parameters := req.URL.Query()
		maps.Copy(parameters, e.parameters)
		req.URL.RawQuery = parameters.Encode()
	}
	resp, err := e.client.Do(req.WithContext(ctx))
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()

	if resp.ContentLength > e.limit {
		return resp, nil, e.tooLarge()
	}
	read, _ := e.buffers.Get().(*bytes.Buffer)
	if read == nil {
		read = new(bytes.Buffer)
	}
	read.Reset()
	if n, err := read.ReadFrom(io.LimitReader(resp.Body, e.limit+1)); err != nil {
		return resp, nil, fmt.Errorf("read answer of %s: %w", e.base.Redacted(), err)
	} else if n > e.limit {
		return resp, nil, e.tooLarge()
	}
	body := read.Bytes()
	if err := e.status(resp, body); err != nil {
		return resp, nil, err
	}
	// client_golang parses warnings, but not the form of VictoriaMetrics.
	// Quotes inside labels are escaped, so this text is not part of a label.
	if partial := []byte(`"isPartial":true`); bytes.Contains(body, partial) {
		body = bytes.Replace(body, partial, []byte(`"warnings":["isPartial"]`), 1)
	}
	if answer, ok := ctx.Value(decodedKey{}).(*decoded); ok && resp.StatusCode == http.StatusOK {
		if value, rest, ok := decodeSeries(body); ok {
			answer.value, body = value, rest
			e.buffers.Put(read)
		}
	}
	return resp, body, nil
}

// status returns the error for the status of an answer. It leaves 400 and 422,
// with which Prometheus rejects a query, to the caller.
func (e *endpoint) status(resp *http.Response, body []byte) error {
	server, code := e.base.Redacted(), resp.StatusCode
	switch {
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		return wrong(Denied, nil, "%s answers %s: check the credentials under %s.http and what they allow", server, resp.Status, e.key)
	case code == http.StatusTooManyRequests:
		return wrong(Limited, nil, "%s answers %s: raise its limit or lower %s.maxConcurrentQueries", server, resp.Status, e.key)
	case code/100 == 3:
		return wrong(Redirected, nil, "%s redirects (%d) to %s: set %s.url to where that leads", server, code, resp.Header.Get("Location"), e.key)
	case code/100 == 5:
		// If the query timed out or was aborted, the body contains that.
		return wrong(Failed, nil, "%s answers %s: %.200s", server, resp.Status, oneLine(string(body)))
	case code == http.StatusBadRequest, code == http.StatusUnprocessableEntity:
		return nil
	case code/100 != 2:
		return wrong(Rejected, nil, "%s answers %s: check %s.url", server, resp.Status, e.key)
	case !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")):
		return wrong(Malformed, nil, "%s answers with %q that is not JSON: check that %s.url is that of the API and that no login page stands before it",
			server, resp.Header.Get("Content-Type"), e.key)
	}
	return nil
}

func (e *endpoint) tooLarge() error {
	return wrong(TooLarge, nil, "that of %s is larger than maxResponseBytes (%d): narrow the query or raise the limit", e.base.Redacted(), e.limit)
}

// oneLine makes a text fit for an error message.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
