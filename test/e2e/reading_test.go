package e2e

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/test/stack"
)

// metrics returns /metrics of a replica.
func (p *pair) metrics(ctx context.Context, replica int) (string, error) {
	body, err := p.clients[replica].Get().AbsPath("/metrics").DoRaw(ctx)
	return string(body), err
}

// serves checks that an estimator plans every service, on both replicas.
func (p *pair) serves(estimator string) func(context.Context) error {
	return func(ctx context.Context) error {
		for i := range p.adapters {
			body, err := p.metrics(ctx, i)
			if err != nil {
				return err
			}
			for _, service := range p.Services {
				if !regexp.MustCompile(fmt.Sprintf(`deepscaler_forecast_info\{application=%q,estimator=%q,.*service=%q\} 1`, p.Namespace, estimator, service)).MatchString(body) {
					return fmt.Errorf("replica %d has another estimator than %s for %s; the learner's report: %s", i, estimator, service, p.verdict(i))
				}
			}
		}
		return nil
	}
}

// verdict returns what the learner of a replica reported last.
func (p *pair) verdict(replica int) string {
	dir := p.adapters[replica].Exchange()
	if status, err := dir.ReadStatus(); err == nil && len(status.Applications) == 1 {
		return fmt.Sprintf("%s: %s", status.Applications[0].State, status.Applications[0].Detail)
	}
	return "none"
}

var modelInfo = regexp.MustCompile(`deepscaler_model_info\{application="[^"]+",model="([0-9a-f]+)"\} 1`)

// model returns the hash of the model that serves on the first replica.
func (p *pair) model(t *testing.T) (hash string) {
	t.Helper()
	eventually(t, "a model serves", func(ctx context.Context) error {
		body, err := p.metrics(ctx, 0)
		if err != nil {
			return err
		}
		m := modelInfo.FindStringSubmatch(body)
		if m == nil {
			return errors.New("none does")
		}
		hash = m[1]
		return nil
	})
	return hash
}

// leader returns the replica that publishes.
func (p *pair) leader(t *testing.T) (leader int) {
	t.Helper()
	eventually(t, "a replica leads", func(ctx context.Context) error {
		for i := range p.adapters {
			body, err := p.metrics(ctx, i)
			if err != nil {
				return err
			}
			if strings.Contains(body, "\ndeepscaler_leading 1\n") {
				leader = i
				return nil
			}
		}
		return errors.New("none does")
	})
	return leader
}

// reading is what both replicas answered, step by step.
type reading struct {
	stop    func()
	readers sync.WaitGroup

	mu      sync.Mutex
	excused [2]bool
	reads   int
	// late are reads without a plan because Prometheus or the adapter had not ended in
	// time, as may happen on a busy machine.
	late int
	errs []error
	// plans are the replicas of all services by the end of the plan's step.
	plans [2]map[time.Time]map[string]int
	// changed counts numbers that were replaced by others in a plan of the same step.
	changed int
}

// read reads both replicas until the end. Every read must succeed, unless a replica is
// excused, and all values of one answer must be of one plan.
func (p *pair) read(t *testing.T) *reading {
	ctx, cancel := context.WithCancel(t.Context())
	r := &reading{stop: cancel, plans: [2]map[time.Time]map[string]int{{}, {}}}
	for i, a := range p.adapters {
		explanations := explainer(t, a)
		r.readers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				excused := r.mayFail(i)
				r.note(ctx, i, excused, p.readOnce(ctx, i))
				// The explanation of a plan has the step that it is for. Several are read in each step.
				if n%5 == 0 {
					if end, plan, err := planned(ctx, explanations, p.Namespace); err == nil {
						r.keep(i, end, plan)
					}
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	t.Cleanup(cancel)
	return r
}

// readOnce checks that all values of one answer are of one plan.
func (p *pair) readOnce(ctx context.Context, replica int) error {
	list, err := stack.DesiredReplicas(ctx, p.clients[replica], p.Namespace, "")
	if err != nil {
		return err
	}
	for _, item := range list.Items {
		if first := list.Items[0].Timestamp; !item.Timestamp.Equal(&first) {
			return fmt.Errorf("one answer has values of %v and %v", first, item.Timestamp)
		}
	}
	return nil
}

func (r *reading) mayFail(replica int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.excused[replica]
}

func (r *reading) note(ctx context.Context, replica int, excused bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.reads++
	case ctx.Err() != nil || excused || r.excused[replica]:
	case apierrors.IsServiceUnavailable(err) && lateness.MatchString(err.Error()):
		r.late++
	default:
		r.errs = append(r.errs, fmt.Errorf("replica %d: %w", replica, err))
	}
}

// lateness is in errors of a plan that has failed for want of time.
var lateness = regexp.MustCompile(`has no plan.*(in time|no answer from|telemetry is stale)`)

func (r *reading) keep(replica int, end time.Time, plan map[string]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for service, n := range r.plans[replica][end] {
		if plan[service] != n {
			r.changed++
		}
	}
	r.plans[replica][end] = plan
}

// excuse lets reads of replicas fail until they are expected again.
func (r *reading) excuse(replicas ...int) { r.set(true, replicas) }

func (r *reading) expect(replicas ...int) { r.set(false, replicas) }

func (r *reading) set(excused bool, replicas []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range replicas {
		r.excused[i] = excused
	}
}

// end reports reads that failed, and steps for which the replicas' plans differ. They may differ
// by a scrape that reached Prometheus between their queries, which is rare.
func (r *reading) end(t *testing.T, services int) {
	t.Helper()
	r.stop()
	r.readers.Wait()
	for _, err := range r.errs[:min(10, len(r.errs))] {
		t.Error(err)
	}
	common, differ := 0, 0
	for end, plan := range r.plans[0] {
		for service, n := range plan {
			if m, ok := r.plans[1][end][service]; ok {
				common++
				if n != m {
					differ++
					t.Logf("%s at %v: one replica has %d, the other %d", service, end.Format(time.TimeOnly), n, m)
				}
			}
		}
	}
	t.Logf("%d reads, %d more of plans that were late; %d numbers of the same steps on both replicas, of which %d differ and %d changed",
		r.reads, r.late, common, differ, r.changed)
	if common < 30*services || 50*(differ+r.changed) > common {
		t.Errorf("%d numbers compared, of which %d differ and %d changed, want %d and at most 2 %% of either", common, differ, r.changed, 30*services)
	}
	if r.late > r.reads/5 {
		t.Errorf("%d reads without a plan and %d with one", r.late, r.reads)
	}
}

// scaling looks for scale-in that the load forbids.
type scaling struct {
	stop  func()
	done  chan struct{}
	ins   int
	wrong []string
}

// watchScaling follows the Deployments until the end. A scale-in is wrong if what is left
// cannot serve the least load of the last lead time, as it was offered and as telemetry shows
// it. Counters of a testbed that a busy machine delays are read later than Prometheus notes.
func (p *pair) watchScaling(t *testing.T) *scaling {
	ctx, cancel := context.WithCancel(t.Context())
	s := &scaling{stop: cancel, done: make(chan struct{})}
	t.Cleanup(cancel)
	explanations := explainer(t, p.adapters[0])
	go func() {
		defer close(s.done)
		type load struct {
			at      time.Time
			offered float64
			seen    map[string]float64
		}
		var loads []load
		before := map[string]int32{}
		for ; ctx.Err() == nil; time.Sleep(200 * time.Millisecond) {
			status, err := p.Status(ctx)
			asked, errAsked := p.asked(ctx)
			if err != nil || errAsked != nil || status.OfferedRPS == nil {
				continue
			}
			now := time.Now()
			loads = append(loads, load{now, *status.OfferedRPS, requests(ctx, explanations, p.Namespace)})
			for service, n := range asked {
				least := *status.OfferedRPS
				for _, l := range loads {
					if now.Sub(l.at) < hpaSync+podStart+2*step {
						least = min(least, l.offered)
						if rate, ok := l.seen[service]; ok {
							least = min(least, rate)
						}
					}
				}
				if b, ok := before[service]; ok && n < b {
					s.ins++
					if float64(n)*perReplica < least {
						s.wrong = append(s.wrong, fmt.Sprintf("%v: %s from %d to %d under %.0f requests/s", now.Format(time.TimeOnly), service, b, n, least))
					}
				}
				before[service] = n
			}
		}
	}()
	return s
}

// requests returns the newest rate of every service that the present plan was made from. It is
// empty without a plan, by which nothing is scaled.
func requests(ctx context.Context, c *explain.Client, namespace string) map[string]float64 {
	seen := map[string]float64{}
	d, err := c.Describe(ctx, explain.Query{Namespace: namespace, Full: true})
	if err != nil {
		return seen
	}
	for _, s := range d.Services {
		if s.Detail == nil {
			continue
		}
		for _, in := range s.Detail.Inputs {
			if last := len(in.Values) - 1; in.Feature == string(estimator.Requests) && last >= 0 && in.Values[last].Known() {
				seen[s.Name] = float64(in.Values[last])
			}
		}
	}
	return seen
}

func (s *scaling) end(t *testing.T) {
	t.Helper()
	s.stop()
	<-s.done
	for _, w := range s.wrong {
		t.Logf("wrong scale-in at %s", w)
	}
	t.Logf("%d scale-ins", s.ins)
	// A busy machine may look too late to see the one plan that an autoscaler followed. What decides
	// wrongly does so at every burst, a third of all.
	if s.ins == 0 || len(s.wrong) > 1 {
		t.Errorf("%d scale-ins, of which %d are wrong, want some and at most one of them", s.ins, len(s.wrong))
	}
}
