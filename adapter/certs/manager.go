// Package certs manages the serving certificate of the adapter. It creates and
// renews the certificate in a Secret that the replicas share, and has its
// authority trusted where the adapter is registered. Each replica copies the pair
// from the Secret to its own files, so nothing waits for the kubelet to mount
// or refresh a volume.
package certs

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

// Options name the objects that store and trust the certificate.
type Options struct {
	// Config connects to the API server. It needs the rights to get, list,
	// watch and update the Secret.
	Config *rest.Config
	// Secret must exist; it may be empty.
	Secret types.NamespacedName
	// Service, in the namespace of the Secret, is the name in the certificate.
	Service string
	// Trust gets the authority.
	Trust Trust
	// Dir is a writable directory of this replica alone.
	Dir string
	// Clock decides when to renew.
	Clock clock.Clock
}

// Trust makes the clients of the adapter trust an authority.
type Trust interface {
	Inject(ctx context.Context, caBundle []byte) error
	// OnChange calls f after changes that may call for another Inject.
	OnChange(f func())
}

// Manager creates, renews, copies and injects the certificate.
type Manager struct {
	secret  types.NamespacedName
	names   []string // that the certificate is for
	clock   clock.Clock
	objects *objects
	trust   Trust
	files   *files
	wake    chan struct{} // an object has changed
}

// The time between two checks of the certificate when nothing changes, and the
// first and the longest time until the next attempt after a failure.
const (
	checkInterval = 12 * time.Hour
	retryFirst    = time.Second
	retryMost     = time.Minute
)

// New returns a manager. It connects when it runs.
func New(o Options) (*Manager, error) {
	s, err := newObjects(o)
	if err != nil {
		return nil, fmt.Errorf("create the client of the certificate: %w", err)
	}
	host := o.Service + "." + o.Secret.Namespace + ".svc"
	m := &Manager{
		secret:  o.Secret,
		names:   []string{host, host + ".cluster.local", "localhost"},
		clock:   o.Clock,
		objects: s,
		trust:   o.Trust,
		files:   &files{dir: o.Dir, written: make(chan struct{})},
		wake:    make(chan struct{}, 1),
	}
	changed := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { m.changed() },
		UpdateFunc: func(any, any) { m.changed() },
		DeleteFunc: func(any) { m.changed() },
	}
	if _, err := s.secret.AddEventHandler(changed); err != nil {
		return nil, fmt.Errorf("watch Secret %s: %w", o.Secret, err)
	}
	o.Trust.OnChange(m.changed)
	return m, nil
}

// Run maintains the certificate until ctx is done. It returns an error if at the
// start the Secret does not exist or is unreadable, or the directory is not
// writable. Later failures leave the current certificate in place.
func (m *Manager) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	if err := m.find(ctx); err != nil {
		return err
	}
	running.Go(func() { m.objects.secret.RunWithContext(ctx) })
	if !cache.WaitForCacheSync(ctx.Done(), m.objects.secret.HasSynced) {
		return nil
	}
	return m.follow(ctx)
}

// find reads the Secret once, because a watch hides the reason when it cannot.
func (m *Manager) find(ctx context.Context) error {
	for delay := retryFirst; ; delay = min(2*delay, retryMost) {
		_, err := m.objects.secrets.Get(ctx, m.secret.Name, metav1.GetOptions{})
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return nil //nolint:nilerr // asked to stop
		case apierrors.IsNotFound(err), apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
			return fmt.Errorf("keep the serving certificate in Secret %s (an empty one must exist at the start): %w", m.secret, err)
		}
		klog.FromContext(ctx).Error(err, "Cannot read the Secret of the serving certificate; trying again", "secret", m.secret, "in", delay)
		select {
		case <-ctx.Done():
			return nil
		case <-m.clock.After(delay):
		}
	}
}

// follow creates, copies and injects the certificate when it is due.
func (m *Manager) follow(ctx context.Context) error {
	retry := retryFirst
	for {
		next := checkInterval
		err := m.reconcile(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // asked to stop
		case err == nil:
			retry = retryFirst
		case errors.Is(err, errFiles) && m.files.cert == nil:
			return err
		default:
			klog.FromContext(ctx).Error(err, "Cannot maintain the serving certificate; keeping the current one and trying again", "in", retry)
			next, retry = retry, min(2*retry, retryMost)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-m.wake:
		case <-m.clock.After(next):
		}
	}
}

// reconcile brings Secret, files and trust into line.
func (m *Manager) reconcile(ctx context.Context) error {
	secret := m.objects.current()
	if secret == nil {
		return fmt.Errorf("the Secret %s is gone: create an empty one", m.secret)
	}
	now := m.clock.Now()
	b := bundleOf(secret)
	var renewing error
	if reason := b.check(m.names, now.Add(renewBefore)); reason != nil {
		renewed, err := m.renew(ctx, secret, reason)
		switch {
		case err == nil:
			b = renewed
		case apierrors.IsConflict(err):
			return nil // another replica was first, and its certificate wakes this one
		case b.check(m.names, now) != nil:
			return err
		default:
			renewing = err
		}
	}
	if err := m.files.write(b); err != nil {
		return errors.Join(renewing, err)
	}
	return errors.Join(renewing, m.trust.Inject(ctx, b.caCert))
}

// renew stores a new certificate in the Secret and returns the stored bundle.
func (m *Manager) renew(ctx context.Context, secret *corev1.Secret, reason error) (bundle, error) {
	b, err := bundleOf(secret).renew(m.names, m.clock.Now())
	if err != nil {
		return b, err
	}
	stored, err := m.objects.secrets.Update(ctx, b.put(secret), metav1.UpdateOptions{})
	if err != nil {
		return b, fmt.Errorf("write the serving certificate to Secret %s: %w", m.secret, err)
	}
	klog.FromContext(ctx).Info("Created a serving certificate", "secret", m.secret, "because", reason.Error())
	return bundleOf(stored), nil
}

func (m *Manager) changed() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Wait returns when the certificate files exist. It logs once when it has to wait.
func (m *Manager) Wait(ctx context.Context) error {
	logger := klog.FromContext(ctx)
	for {
		select {
		case <-m.files.written:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("wait for the serving certificate of Secret %s: %w", m.secret, context.Cause(ctx))
		case <-m.clock.After(5 * time.Second):
			logger.Info("Waiting for the serving certificate; the port opens once it exists", "secret", m.secret)
		}
	}
}

// CertFile is the path of the certificate.
func (m *Manager) CertFile() string { return filepath.Join(m.files.dir, certName) }

// KeyFile is the path of the private key.
func (m *Manager) KeyFile() string { return filepath.Join(m.files.dir, keyName) }
