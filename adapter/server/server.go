// Package server assembles the extension API server that serves the external and
// custom metrics: sigs.k8s.io/custom-metrics-apiserver with delegated authentication
// and authorisation always on.
package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/healthz"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// Name is the name of the server in its OpenAPI document and its logs.
const Name = "deepscaler-adapter"

// drainTimeout bounds running requests after the server has stopped listening.
// A request only reads memory, so it takes milliseconds; idle connections are
// closed at once.
const drainTimeout = 5 * time.Second

// Content is what the server serves, with its health checks.
type Content struct {
	// External answers the external metrics API, and Custom the custom metrics API;
	// nil for an API that is not served.
	External provider.ExternalMetricsProvider
	Custom   provider.CustomMetricsProvider
	// Self answers /metrics.
	Self http.Handler
	// Around, unless nil, wraps the handler of authenticated and authorised requests.
	Around func(http.Handler) http.Handler
	// Live and Ready are added to the checks of /livez and /readyz.
	Live, Ready healthz.HealthChecker
	// Version is shown in the OpenAPI document.
	Version string
}

// New returns the server, listening but not yet serving. The certificate files
// must exist. ctx bounds the start only.
func New(ctx context.Context, o *Options, c Content) (*genericapiserver.GenericAPIServer, error) {
	config := genericapiserver.NewConfig(apiserver.Codecs)
	if err := o.SecureServing.ApplyTo(&config.SecureServing, &config.LoopbackClientConfig); err != nil {
		return nil, fmt.Errorf("secure serving: %w", err)
	}
	server, err := assemble(ctx, o, c, config)
	if err != nil {
		// Nothing else closes the listener of a server that never runs.
		return nil, errors.Join(err, config.SecureServing.Listener.Close())
	}
	return server, nil
}

func assemble(ctx context.Context, o *Options, c Content, config *genericapiserver.Config) (*genericapiserver.GenericAPIServer, error) {
	if err := authenticate(ctx, o.Authentication, &config.Authentication, config.SecureServing); err != nil {
		return nil, fmt.Errorf("delegated authentication: %w", err)
	}
	var err error
	if config.Authorization.Authorizer, err = authorize(o.Authorization); err != nil {
		return nil, fmt.Errorf("delegated authorisation: %w", err)
	}
	namer := openapinamer.NewDefinitionNamer(apiserver.Scheme)
	config.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(definitions, namer)
	config.OpenAPIConfig.Info.Title = Name
	config.OpenAPIConfig.Info.Version = c.Version
	config.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(definitions, namer)
	config.OpenAPIV3Config.Info.Title = Name
	config.OpenAPIV3Config.Info.Version = c.Version
	config.EnableProfiling = o.Profiling
	// The built-in handler lacks our own metrics; Content.Self serves both.
	config.EnableMetrics = false
	config.ShutdownDelayDuration = o.ShutdownDelay
	config.BuildHandlerChainFunc = func(h http.Handler, config *genericapiserver.Config) http.Handler {
		if c.Around != nil {
			h = c.Around(h)
		}
		h = genericapiserver.DefaultBuildHandlerChain(h, config)
		if c.External != nil {
			h = withReads(h, c.External, config)
		}
		return h
	}

	adapterConfig := &apiserver.Config{GenericConfig: config}
	adapter, err := adapterConfig.Complete(nil).New(Name, c.Custom, c.External)
	if err != nil {
		return nil, fmt.Errorf("create the API server: %w", err)
	}
	server := adapter.GenericAPIServer
	server.ShutdownTimeout = drainTimeout
	server.Handler.NonGoRestfulMux.Handle("/metrics", c.Self)
	if err := server.AddLivezChecks(0, c.Live); err != nil {
		return nil, fmt.Errorf("add the check of /livez: %w", err)
	}
	if err := server.AddReadyzChecks(c.Ready); err != nil {
		return nil, fmt.Errorf("add the check of /readyz: %w", err)
	}
	return server, nil
}
