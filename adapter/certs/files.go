package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/cache"
)

// The names of the pair, in the Secret and in the directory.
const (
	certName = corev1.TLSCertKey
	keyName  = corev1.TLSPrivateKeyKey
)

// files is the pair on disk. The server reads it again when it changes.
type files struct {
	dir    string
	secret types.NamespacedName

	once    sync.Once
	written chan struct{} // closed when the pair has been written once
}

func newFiles(dir string, secret types.NamespacedName) *files {
	return &files{dir: dir, secret: secret, written: make(chan struct{})}
}

// write stores the pair of the Secret. When it holds none, or a broken one, the
// rotator is about to replace it and there is nothing to do. A reader between
// the two renames sees halves that do not match; the server keeps its old pair
// then and tries again.
func (f *files) write(secret *corev1.Secret) error {
	cert, key := secret.Data[certName], secret.Data[keyName]
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		return nil //nolint:nilerr // explained above
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return fmt.Errorf("create --cert-dir, which must be writable: %w", err)
	}
	if err := errors.Join(replace(filepath.Join(f.dir, keyName), key), replace(filepath.Join(f.dir, certName), cert)); err != nil {
		return fmt.Errorf("write the serving certificate to --cert-dir, which must be writable: %w", err)
	}
	f.once.Do(func() { close(f.written) })
	return nil
}

// replace writes a file as a whole or not at all.
func replace(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path))
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// copier writes the files whenever the Secret changes.
type copier struct {
	cache cache.Cache
	files *files
}

// Start implements manager.Runnable.
func (c *copier) Start(ctx context.Context) error {
	informer, err := c.cache.GetInformer(ctx, &corev1.Secret{})
	if err != nil {
		return fmt.Errorf("watch Secret %s: %w", c.files.secret, err)
	}
	failed := make(chan error, 1)
	take := func(o any) {
		secret, ok := o.(*corev1.Secret)
		if !ok || secret.Name != c.files.secret.Name {
			return
		}
		if err := c.files.write(secret); err != nil {
			select {
			case failed <- err:
			default:
			}
		}
	}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    take,
		UpdateFunc: func(_, o any) { take(o) },
	})
	if err != nil {
		return fmt.Errorf("watch Secret %s: %w", c.files.secret, err)
	}
	for {
		select {
		case err := <-failed:
			select {
			case <-c.files.written:
				klog.FromContext(ctx).Error(err, "Cannot copy the new serving certificate; going on with the old one")
			default:
				return err
			}
		case <-ctx.Done():
			return informer.RemoveEventHandler(registration)
		}
	}
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: every replica
// needs its files.
func (c *copier) NeedLeaderElection() bool { return false }
