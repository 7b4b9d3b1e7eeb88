package server

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	genericoptions "k8s.io/apiserver/pkg/server/options"
)

// Options are the flags of the API server, under the names every Kubernetes
// extension API server uses for them.
type Options struct {
	SecureServing  *genericoptions.SecureServingOptionsWithLoopback
	Authentication *genericoptions.DelegatingAuthenticationOptions
	Authorization  *genericoptions.DelegatingAuthorizationOptions

	// ShutdownDelay is the time between a signal to stop and the end of
	// listening. Meanwhile /readyz fails, so the Service drops this replica
	// first.
	ShutdownDelay time.Duration
	// Profiling serves /debug/pprof/, to authorised callers only.
	Profiling bool
}

// NewOptions returns the defaults: port 6443, which needs no privileges, and
// delegated authentication and authorisation with only the probes open.
func NewOptions() *Options {
	secure := genericoptions.NewSecureServingOptions()
	secure.BindPort = 6443
	secure.Required = true
	secure.ServerCert.CertDirectory = "/var/run/deepscaler/certificates"
	return &Options{
		SecureServing:  secure.WithLoopback(),
		Authentication: genericoptions.NewDelegatingAuthenticationOptions(),
		Authorization:  genericoptions.NewDelegatingAuthorizationOptions(),
		ShutdownDelay:  2 * time.Second,
		Profiling:      true,
	}
}

// AddServingFlags adds the flags about the port and its certificate.
func (o *Options) AddServingFlags(fs *pflag.FlagSet) {
	o.SecureServing.AddFlags(fs)
	fs.Lookup("cert-dir").Usage = "Writable directory for the serving certificate that the adapter creates and rotates. " +
		"Ignored when --tls-cert-file and --tls-private-key-file are given."
	fs.Lookup("tls-cert-file").Usage = "File with the serving certificate (and, after it, those of its issuers) when something else, " +
		"such as cert-manager, provides it. It is read again when it changes. Without it the adapter creates, rotates and injects its own."
	fs.DurationVar(&o.ShutdownDelay, "shutdown-delay-duration", o.ShutdownDelay,
		"How long to continue serving, with /readyz failing, after a signal to stop.")
	fs.BoolVar(&o.Profiling, "profiling", o.Profiling, "Serve /debug/pprof/ to authorised callers.")
}

// AddAuthFlags adds the flags of authentication and authorisation.
func (o *Options) AddAuthFlags(fs *pflag.FlagSet) {
	o.Authentication.AddFlags(fs)
	o.Authorization.AddFlags(fs)
}

// CertificateFromFiles reports whether the serving certificate is provided from
// outside.
func (o *Options) CertificateFromFiles() bool {
	pair := o.SecureServing.ServerCert.CertKey
	return pair.CertFile != "" || pair.KeyFile != ""
}

// Validate reports everything that is wrong with the flags.
func (o *Options) Validate() error {
	errs := o.SecureServing.Validate()
	errs = append(errs, o.Authentication.Validate()...)
	errs = append(errs, o.Authorization.Validate()...)
	pair := o.SecureServing.ServerCert.CertKey
	if (pair.CertFile == "") != (pair.KeyFile == "") {
		errs = append(errs, errors.New("--tls-cert-file and --tls-private-key-file belong together: give both, or neither to let the adapter create its certificate"))
	}
	if !o.CertificateFromFiles() && o.SecureServing.ServerCert.CertDirectory == "" {
		errs = append(errs, errors.New("--cert-dir must name a writable directory unless --tls-cert-file and --tls-private-key-file are given"))
	}
	if o.ShutdownDelay < 0 {
		errs = append(errs, fmt.Errorf("--shutdown-delay-duration is %v, want at least 0s", o.ShutdownDelay))
	}
	return errors.Join(errs...)
}
