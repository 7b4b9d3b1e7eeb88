// Package certs gives the adapter the certificate it serves with: created and
// rotated in a Secret that the replicas share, and injected as the caBundle of
// the APIService, by github.com/open-policy-agent/cert-controller. Each replica
// copies the pair from the Secret to files of its own, so nothing waits for the
// kubelet to mount or refresh a volume.
package certs

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// Options say where the certificate is kept and who must trust it.
type Options struct {
	// Config connects to the API server. The rights it needs are get, list,
	// watch and update of the one Secret and the one APIService.
	Config *rest.Config
	// Secret must exist; it may be empty.
	Secret types.NamespacedName
	// Service, in the namespace of the Secret, is what the certificate is for.
	Service string
	// APIService is the name of the APIService whose caBundle is set.
	APIService string
	// Dir is a writable directory of this replica alone.
	Dir string
}

// Manager keeps the certificate.
type Manager struct {
	manager manager.Manager
	files   *files
	// injected is closed some seconds after the files exist and the APIService
	// trusts them.
	injected chan struct{}
}

// shutdownTimeout bounds how long the manager waits for its parts to end.
const shutdownTimeout = 3 * time.Second

// New returns a manager that has not connected to anything yet.
func New(o Options) (*Manager, error) {
	// The rotator logs through this global and no other way.
	log.SetLogger(newQuietLogger())

	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("register core types: %w", err)
	}
	config := rest.CopyConfig(o.Config)
	config.Wrap(narrow(map[string]string{"secrets": o.Secret.Name, "apiservices": o.APIService}))
	grace := shutdownTimeout
	m, err := manager.New(config, manager.Options{
		Scheme:                  scheme,
		MapperProvider:          staticMapper,
		Metrics:                 server.Options{BindAddress: "0"},
		HealthProbeBindAddress:  "0",
		GracefulShutdownTimeout: &grace,
		Cache: cache.Options{ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}: {
				Namespaces: map[string]cache.Config{o.Secret.Namespace: {}},
				Field:      fields.OneTermEqualSelector("metadata.name", o.Secret.Name),
			},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("create the certificate manager: %w", err)
	}
	injected := make(chan struct{})
	host := o.Service + "." + o.Secret.Namespace + ".svc"
	if err := rotator.AddRotator(m, &rotator.CertRotator{
		SecretKey:      o.Secret,
		CertDir:        o.Dir,
		CAName:         "deepscaler-adapter-ca",
		CAOrganization: "deepscaler",
		DNSName:        host,
		ExtraDNSNames:  []string{host + ".cluster.local", "localhost"},
		IsReady:        injected,
		Webhooks:       []rotator.WebhookInfo{{Name: o.APIService, Type: rotator.APIService}},
		FieldOwner:     "deepscaler-adapter",
		// The libraries want a name that is unique in the process.
		ControllerName: "certificate-rotator " + o.Dir,
	}); err != nil {
		return nil, fmt.Errorf("add the certificate rotator: %w", err)
	}
	f := newFiles(o.Dir, o.Secret)
	if err := m.Add(&copier{cache: m.GetCache(), files: f}); err != nil {
		return nil, fmt.Errorf("add the certificate copier: %w", err)
	}
	return &Manager{manager: m, files: f, injected: injected}, nil
}

// Run keeps the certificate until ctx is done. It fails when the Secret does not
// exist or may not be read.
func (m *Manager) Run(ctx context.Context) error {
	if err := m.manager.Start(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("keep the serving certificate in Secret %s (an empty one must exist at first): %w", m.files.secret, err)
	}
	return nil
}

// Wait returns when the certificate files exist. While it waits it says so.
func (m *Manager) Wait(ctx context.Context) error {
	logger := klog.FromContext(ctx)
	for {
		select {
		case <-m.files.written:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("wait for the serving certificate of Secret %s: %w", m.files.secret, context.Cause(ctx))
		case <-time.After(5 * time.Second):
			logger.Info("Waiting for the serving certificate; the port opens once it exists", "secret", m.files.secret)
		}
	}
}

// CertFile is the path of the certificate.
func (m *Manager) CertFile() string { return filepath.Join(m.files.dir, certName) }

// KeyFile is the path of the private key.
func (m *Manager) KeyFile() string { return filepath.Join(m.files.dir, keyName) }

// staticMapper knows the two kinds that are used. The default one would ask for
// the discovery documents of the whole cluster, this adapter's among them.
func staticMapper(*rest.Config, *http.Client) (meta.RESTMapper, error) {
	secret := corev1.SchemeGroupVersion.WithKind("Secret")
	apiService := schema.GroupVersionKind{Group: "apiregistration.k8s.io", Version: "v1", Kind: "APIService"}
	m := meta.NewDefaultRESTMapper([]schema.GroupVersion{secret.GroupVersion(), apiService.GroupVersion()})
	m.Add(secret, meta.RESTScopeNamespace)
	m.Add(apiService, meta.RESTScopeRoot)
	return m, nil
}
