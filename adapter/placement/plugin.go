package placement

import (
	"context"
	"math"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/component-helpers/resource"
	"k8s.io/klog/v2"
	"k8s.io/kube-scheduler/framework"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/knowledge"
	"github.com/deepscaler/deepscaler/estimator/placement"
)

// Name is the name of the plugin in a KubeSchedulerConfiguration.
const Name = "DeepScaler"

// Plugin scores nodes for pods of managed services.
type Plugin struct {
	handle framework.Handle
	feed   *feed

	mu       sync.Mutex // scheduling cycles follow each other, but other plugins may call too
	censuses map[string]*decisions
}

var (
	_ framework.PreScorePlugin = (*Plugin)(nil)
	_ framework.ScorePlugin    = (*Plugin)(nil)
	_ framework.ReservePlugin  = (*Plugin)(nil)
	// One plugin that does not sign switches off batching for the whole profile.
	_ framework.SignPlugin = (*Plugin)(nil)
)

// decisions prepares those about one application.
type decisions struct {
	census *census
	// model is made of the two below.
	model    *placement.Model
	known    *knowledge.Application
	requests []placement.Resources
}

// New returns the plugin, and starts to read the adapter's data until ctx is done.
func New(ctx context.Context, object runtime.Object, handle framework.Handle) (framework.Plugin, error) {
	args, err := decodeArgs(object)
	if err != nil {
		return nil, err
	}
	c, err := knowledge.NewClient(args.server(handle.KubeConfig()))
	if err != nil {
		return nil, err
	}
	if err := registerMetrics(); err != nil {
		return nil, err
	}
	p := &Plugin{handle: handle, feed: newFeed(c, clock.RealClock{}), censuses: map[string]*decisions{}}
	go p.feed.run(ctx)
	if args.ScaleIn {
		core := handle.SharedInformerFactory().Core().V1()
		s := &scaleIn{feed: p.feed, client: handle.ClientSet(), pods: core.Pods().Lister(), nodes: core.Nodes().Lister()}
		go s.run(ctx)
	}
	return p, nil
}

// Name implements [framework.Plugin].
func (p *Plugin) Name() string { return Name }

// scoring is the state of a scheduling cycle.
type scoring struct {
	decision *placement.Decision
	roll     *roll
}

// Clone implements [framework.StateData]; the state is never changed.
func (s *scoring) Clone() framework.StateData { return s }

const stateKey framework.StateKey = "PreScore" + Name

// PreScore implements [framework.PreScorePlugin]. It skips pods that are not managed, and all
// of them while the data is stale.
func (p *Plugin) PreScore(ctx context.Context, state framework.CycleState, pod *corev1.Pod, _ []framework.NodeInfo) *framework.Status {
	s, result := p.prepare(ctx, pod)
	decided.WithLabelValues(string(result)).Inc()
	if s == nil {
		return framework.NewStatus(framework.Skip)
	}
	state.Write(stateKey, s)
	return nil
}

// prepare returns nil if the pod is to be placed by others.
func (p *Plugin) prepare(ctx context.Context, pod *corev1.Pod) (*scoring, result) {
	service, ok := knowledge.ServiceOf(pod)
	if !ok {
		return nil, unmanaged
	}
	known, fresh := p.feed.about(service)
	switch {
	case known == nil:
		return nil, unmanaged
	case !fresh:
		return nil, stale
	}
	nodes, err := p.handle.SnapshotSharedLister().NodeInfos().List()
	if err != nil {
		return nil, failed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.censuses[known.Name]
	if d == nil || !slices.Equal(d.census.services, known.Services) {
		d = &decisions{census: newCensus(known)}
		p.censuses[known.Name] = d
	}
	c := d.census
	index := known.Index[service]
	c.update(nodes, p.feed.clock.Now())
	requests := resource.PodRequests(pod, resource.PodResourcesOptions{})
	if c.ask(index, placement.Resources{MilliCPU: requests.Cpu().MilliValue(), Memory: requests.Memory().Value(), Pods: 1}) {
		c.refit()
	}
	if d.model == nil || d.known != known || !slices.Equal(d.requests, c.requests) {
		d.known, d.requests = known, slices.Clone(c.requests)
		if d.model, err = placement.New(placement.Demand{Needed: known.Needed, Calls: known.Calls, Affinity: known.Affinity, Requests: d.requests}); err != nil {
			klog.FromContext(ctx).Error(err, "The adapter's data makes no sense; pods are placed by the other plugins", "application", known.Name)
			return nil, failed
		}
	}
	return &scoring{decision: d.model.Place(index, c.layout()), roll: c.roll}, scored
}

// Score implements [framework.ScorePlugin]: from 0 to 100.
func (p *Plugin) Score(_ context.Context, state framework.CycleState, _ *corev1.Pod, node framework.NodeInfo) (int64, *framework.Status) {
	data, err := state.Read(stateKey)
	if err != nil {
		return 0, framework.AsStatus(err)
	}
	s := data.(*scoring)
	r := s.roll.find(node)
	if r == nil {
		return 0, nil
	}
	return int64(math.Round(s.decision.Score(r.zone, r.pods, r.free).Value * float64(framework.MaxScore))), nil
}

// ScoreExtensions implements [framework.ScorePlugin]. Scores need no scaling: how far the
// nodes differ is how much it matters which one is taken.
func (p *Plugin) ScoreExtensions() framework.ScoreExtensions { return nil }

// Reserve implements [framework.ReservePlugin]: the node is counted again for the next pod.
func (p *Plugin) Reserve(_ context.Context, _ framework.CycleState, _ *corev1.Pod, node string) *framework.Status {
	p.change(node)
	return nil
}

// Unreserve implements [framework.ReservePlugin].
func (p *Plugin) Unreserve(_ context.Context, _ framework.CycleState, _ *corev1.Pod, node string) {
	p.change(node)
}

func (p *Plugin) change(node string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.censuses {
		d.census.change(node)
	}
}

// SignPod implements [framework.SignPlugin]: pods of one service are scored alike.
func (p *Plugin) SignPod(_ context.Context, pod *corev1.Pod) ([]framework.SignFragment, *framework.Status) {
	service, ok := knowledge.ServiceOf(pod)
	if !ok {
		return nil, nil
	}
	return []framework.SignFragment{{Key: "deepscaler.io/service", Value: service.String()}}, nil
}
