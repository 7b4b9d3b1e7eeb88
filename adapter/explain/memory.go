package explain

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/explain"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// Memory keeps what the last plan of every application was made from, and how far its
// model was trusted lately.
type Memory struct {
	mu   sync.Mutex
	last map[string]*remembered
	// one lets one explanation at a time cost forecasts.
	one chan struct{}
}

// remembered is a basis of an application.
type remembered struct {
	basis  *tick.Basis
	recent []Moment
	// before is the one before it, which counts until its plan is published.
	before *remembered

	once    sync.Once
	outlook *explain.Outlook
	err     error
}

// Moment is the trust at the end of one step.
type Moment struct {
	At time.Time `json:"at"`
	// Trust is unknown without a model, and Violations without an SLO or latency.
	Trust      Number `json:"trust"`
	Violations Number `json:"violations"`
}

// moments is how many are kept: half an hour of steps of 15 s.
const moments = 120

var _ tick.Observer = (*Memory)(nil)

// NewMemory returns an empty memory.
func NewMemory() *Memory {
	return &Memory{last: map[string]*remembered{}, one: make(chan struct{}, 1)}
}

// Planned implements [tick.Observer].
func (m *Memory) Planned(_ context.Context, b *tick.Basis) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &remembered{basis: b}
	if before := m.last[b.Application]; before != nil {
		r.recent = before.recent[max(0, len(before.recent)+1-moments):]
		r.before = &remembered{basis: before.basis, recent: before.recent}
	}
	r.recent = append(slices.Clip(r.recent), Moment{b.Window.End, Number(b.Verdict.Trust), Number(b.Verdict.Violations)})
	m.last[b.Application] = r
}

// of returns what a plan of an application was made from, or the last one if that of the
// plan is not remembered; nil before the first.
func (m *Memory) of(application string, p *plan.Plan) *remembered {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.last[application]
	if last != nil && last.before != nil && last.before.basis.Plan == p {
		return last.before
	}
	return last
}

// Last returns what the last plan of an application was made from, nil before the first.
func (m *Memory) Last(application string) *tick.Basis {
	if r := m.of(application, nil); r != nil {
		return r.basis
	}
	return nil
}

// Keep forgets all other applications.
func (m *Memory) Keep(applications map[string]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range m.last {
		if !applications[name] {
			delete(m.last, name)
		}
	}
}

// begin waits until no other explanation computes. The caller calls end.
func (m *Memory) begin(ctx context.Context) (end func(), err error) {
	select {
	case m.one <- struct{}{}:
		return func() { <-m.one }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// StageTook implements [tick.Observer].
func (*Memory) StageTook(tick.Stage, time.Duration) {}

// WindowRead implements [tick.Observer].
func (*Memory) WindowRead(context.Context, string, float64, []*telemetry.Error) {}

// Estimated implements [tick.Observer].
func (*Memory) Estimated(context.Context, string, []string, estimator.Origin) {}

// Ticked implements [tick.Observer].
func (*Memory) Ticked(context.Context, tick.Result) {}
