package keda

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/keda/externalscaler"
)

// Options configure the server.
type Options struct {
	// CertFile and KeyFile have the serving certificate.
	CertFile, KeyFile string
	// ClientCAFile has the authorities of client certificates, which are then required.
	// Without it whoever reaches the port is answered.
	ClientCAFile string

	Board Board
	Clock clock.WithTicker
	// Observe, unless nil, is called with the HTTP status that corresponds to every answer.
	Observe func(code int)
}

const (
	// requestBytes bounds a request: names and the metadata of a trigger.
	requestBytes = 64 << 10
	// streams bounds the open calls of one connection, of which KEDA has one.
	streams = 20000
	// handshakeTimeout bounds the start of a connection.
	handshakeTimeout = 10 * time.Second
	// drainTimeout bounds running calls after the end of ctx. Only streams last longer.
	drainTimeout = time.Second
)

// Serve answers KEDA on listener until ctx is done, over TLS only. The files are read
// again when they change.
func Serve(ctx context.Context, listener net.Listener, o Options) error {
	config, err := o.tls(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("serve KEDA: %w", err), listener.Close())
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(config)), grpc.MaxRecvMsgSize(requestBytes),
		grpc.MaxConcurrentStreams(streams), grpc.ConnectionTimeout(handshakeTimeout))
	externalscaler.RegisterExternalScalerServer(server, &scaler{board: o.Board, clock: o.Clock, observe: o.Observe})
	klog.FromContext(ctx).Info("Serving KEDA", "address", listener.Addr().String(), "clientCertificates", o.ClientCAFile != "")

	ended := make(chan struct{})
	defer close(ended)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-ctx.Done():
		case <-ended:
		}
		force := time.AfterFunc(drainTimeout, server.Stop)
		defer force.Stop()
		server.GracefulStop()
	}()
	if err := server.Serve(listener); err != nil {
		return fmt.Errorf("serve KEDA: %w", err)
	}
	<-stopped
	return nil
}

// tls returns the configuration of every connection, with the files as they are then.
func (o Options) tls(ctx context.Context) (*tls.Config, error) {
	serving, err := dynamiccertificates.NewDynamicServingContentFromFiles("keda", o.CertFile, o.KeyFile)
	if err != nil {
		return nil, err
	}
	go serving.Run(ctx, 1)
	base := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}
	base.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		pair, err := tls.X509KeyPair(serving.CurrentCertKeyContent())
		return &pair, err
	}
	if o.ClientCAFile == "" {
		return base, nil
	}
	clients, err := dynamiccertificates.NewDynamicCAContentFromFile("keda-clients", o.ClientCAFile)
	if err != nil {
		return nil, err
	}
	go clients.Run(ctx, 1)
	base.ClientAuth = tls.RequireAndVerifyClientCert
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		options, ok := clients.VerifyOptions()
		if !ok {
			return nil, errors.New("the authorities of client certificates are not known")
		}
		c := base.Clone()
		c.GetConfigForClient, c.ClientCAs = nil, options.Roots
		return c, nil
	}
	return base, nil
}
