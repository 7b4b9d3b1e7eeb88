package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/prometheus/common/config"
)

// endpoint is a server that answers in JSON. It implements api.Client of
// client_golang in place of the stock one, which reads answers of any size.
type endpoint struct {
	base   *url.URL
	client *http.Client
	// limit is the size of the largest answer that is read, in bytes.
	limit int64
}

func newEndpoint(name, base string, http HTTPClientConfig, limit int64) (*endpoint, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("parse URL: %w", err)
	}
	client, err := config.NewClientFromConfig(http.HTTPClientConfig, name, config.WithUserAgent("deepscaler"))
	if err != nil {
		return nil, fmt.Errorf("set up HTTP client: %w", err)
	}
	return &endpoint{base: u, client: client, limit: limit}, nil
}

// URL returns the address of path; the parameters of api.Client's paths are not
// used by the queries made here.
func (e *endpoint) URL(path string, _ map[string]string) *url.URL { return e.base.JoinPath(path) }

// Do sends req and reads the answer, which it bounds in size and, through ctx,
// in time. A successful answer that cannot be JSON is an error.
func (e *endpoint) Do(ctx context.Context, req *http.Request) (*http.Response, []byte, error) {
	resp, err := e.client.Do(req.WithContext(ctx))
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()

	if resp.ContentLength > e.limit {
		return resp, nil, e.tooLarge()
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, e.limit+1))
	switch {
	case err != nil:
		return resp, nil, fmt.Errorf("read answer of %s: %w", e.base.Redacted(), err)
	case int64(len(body)) > e.limit:
		return resp, nil, e.tooLarge()
	case resp.StatusCode/100 == 2 && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")):
		return resp, nil, fmt.Errorf("%s answered with %q that is not JSON: check that the URL is that of the API and that no login page stands before it",
			e.base.Redacted(), resp.Header.Get("Content-Type"))
	}
	return resp, body, nil
}

func (e *endpoint) tooLarge() error {
	return fmt.Errorf("answer of %s is larger than maxResponseBytes (%d): narrow the query or raise the limit",
		e.base.Redacted(), e.limit)
}
