// Package leader elects one of the adapter's replicas for what only one should do.
package leader

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Leader elects one replica by a Lease. It is for work in which a change of leader is not
// urgent, and two leaders for a moment do no harm, so the Lease is renewed rarely.
type Leader struct {
	elector *leaderelection.LeaderElector
	changed atomic.Pointer[func()]
	// terms is the number of terms of office that have begun and not ended.
	terms atomic.Int32
}

// How long a Lease lasts, how long its holder tries to renew it, and how often.
const (
	leaseDuration = time.Minute
	renewDeadline = 40 * time.Second
	retryPeriod   = 10 * time.Second
)

// New returns a leader that has not run for the Lease yet. The identity is
// unique to this replica, such as the name of its pod and a random part.
func New(client coordinationv1client.LeasesGetter, lease types.NamespacedName, identity string) (*Leader, error) {
	l := &Leader{}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: lease.Namespace, Name: lease.Name},
			Client:     client,
			LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
		},
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod,
		ReleaseOnCancel: true,
		Name:            lease.Name,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: l.lead,
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("elect a leader by Lease %s: %w", lease, err)
	}
	l.elector = elector
	return l, nil
}

// lead is one term of office.
func (l *Leader) lead(ctx context.Context) {
	changed := *l.changed.Load()
	l.terms.Add(1)
	changed()
	<-ctx.Done()
	l.terms.Add(-1)
	changed()
}

// Run runs for the Lease until ctx is done, again whenever it is lost. It calls changed
// when this replica starts and stops leading.
func (l *Leader) Run(ctx context.Context, changed func()) {
	l.changed.Store(&changed)
	for ctx.Err() == nil {
		l.elector.Run(ctx)
	}
}

// Leads reports whether this replica leads now.
func (l *Leader) Leads() bool { return l.terms.Load() > 0 }
