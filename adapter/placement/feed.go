package placement

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/knowledge"
	"github.com/deepscaler/deepscaler/estimator"
)

const (
	// poll is how often the feed looks for namespaces whose data is due.
	poll = time.Second
	// retry is the time between two reads of a namespace without managed services, or one
	// that failed.
	retry = 15 * time.Second
	// forget is how long a namespace is read after the last pod there.
	forget = time.Hour
)

// feed keeps reports of the adapter on the namespaces with pods to schedule. Reading it takes
// no request and hardly any time.
type feed struct {
	reader knowledge.Reader
	clock  clock.WithTicker

	mu         sync.Mutex
	namespaces map[string]*subscription

	known atomic.Pointer[map[estimator.Service]*knowledge.Application]
}

// subscription is one namespace that is read.
type subscription struct {
	used, due time.Time
	data      *knowledge.Report // nil before the first, and while there is no managed service
}

func newFeed(r knowledge.Reader, c clock.WithTicker) *feed {
	f := &feed{reader: r, clock: c, namespaces: map[string]*subscription{}}
	f.known.Store(&map[estimator.Service]*knowledge.Application{})
	return f
}

// about returns what is known of the application of a service, nil if nothing, and whether
// that is fresh. It subscribes to the namespace.
func (f *feed) about(s estimator.Service) (a *knowledge.Application, fresh bool) {
	now := f.clock.Now()
	f.use(s.Namespace, now)
	a = (*f.known.Load())[s]
	if a == nil {
		return nil, false
	}
	return a, a.Fresh(now)
}

func (f *feed) use(namespace string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.namespaces[namespace]
	if s == nil {
		s = &subscription{due: now}
		f.namespaces[namespace] = s
	}
	s.used = now
}

// run reads what is due until ctx is done.
func (f *feed) run(ctx context.Context) {
	ticker := f.clock.NewTicker(poll)
	defer ticker.Stop()
	for {
		f.refresh(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
	}
}

// refresh reads the namespaces that are due, one after the other.
func (f *feed) refresh(ctx context.Context) {
	changed := false
	for _, namespace := range f.due() {
		data, err := knowledge.Read(ctx, f.reader, namespace)
		if err != nil {
			klog.FromContext(ctx).Info("Cannot read the metrics of the adapter; while that lasts, pods are placed by the other plugins", "namespace", namespace, "err", err)
		}
		f.store(namespace, data, err)
		changed = true
	}
	if changed {
		known := f.join()
		f.known.Store(&known)
	}
}

func (f *feed) due() (namespaces []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.Now()
	for name, s := range f.namespaces {
		if now.Sub(s.used) > forget {
			delete(f.namespaces, name)
		} else if !now.Before(s.due) {
			namespaces = append(namespaces, name)
		}
	}
	return namespaces
}

// store keeps data and decides when the namespace is due again: after the next step if there
// is a plan. Data that could not be renewed stays until it is stale.
func (f *feed) store(namespace string, data *knowledge.Report, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.namespaces[namespace]
	if s == nil {
		return
	}
	now := f.clock.Now()
	s.due = now.Add(retry)
	if err != nil {
		s.due = now.Add(min(retry, 2*poll))
		return
	}
	s.data = data
	if data.Step > 0 {
		s.due = now.Add(min(retry, data.Step))
		if next := data.Made.Add(data.Step + poll); next.After(now) && next.Before(now.Add(2*data.Step)) {
			s.due = next
		} else if next.After(now.Add(-data.Step)) {
			// The next plan is due, but late.
			s.due = now.Add(poll)
		}
	}
}

// join combines the reports of all namespaces, and subscribes to those that they mention.
func (f *feed) join() map[estimator.Service]*knowledge.Application {
	f.mu.Lock()
	defer f.mu.Unlock()
	var reports []*knowledge.Report
	now := f.clock.Now()
	for _, s := range f.namespaces {
		if s.data != nil {
			reports = append(reports, s.data)
		}
	}
	for _, r := range reports {
		for _, namespace := range r.Namespaces() {
			if f.namespaces[namespace] == nil {
				f.namespaces[namespace] = &subscription{used: now, due: now}
			}
		}
	}
	return knowledge.Join(reports)
}
