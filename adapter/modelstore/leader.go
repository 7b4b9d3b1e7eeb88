package modelstore

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

// Leader elects the replica that publishes models, by a Lease. A change of leader is
// not urgent, so the Lease is renewed rarely. Two leaders for a moment do no harm:
// the serving model depends only on the published ones.
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

// NewLeader returns a leader that has not run for the Lease yet. The identity is
// unique to this replica, such as the name of its pod and a random part.
func NewLeader(client coordinationv1client.LeasesGetter, lease types.NamespacedName, identity string) (*Leader, error) {
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
		return nil, fmt.Errorf("elect the replica that publishes models: %w", err)
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

// run runs for the Lease until ctx is done, again whenever it is lost.
func (l *Leader) run(ctx context.Context, changed func()) {
	l.changed.Store(&changed)
	for ctx.Err() == nil {
		l.elector.Run(ctx)
	}
}

// is reports whether this replica publishes now.
func (l *Leader) is() bool { return l.terms.Load() > 0 }
