package autoscaler

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/test/lab/learned"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
)

// Kind is a kind of autoscaler with one knob between violations and cost.
type Kind struct {
	Name  string
	About string
	// Knob describes the knob.
	Knob string
	// Settings of the knob that make a frontier, from few replicas to many, and the one
	// that a user would have without tuning.
	Settings []float64
	Usual    float64
	// Version is the hash of what the name leaves open, such as the content of a file.
	Version string

	make func(Surroundings, float64) (loop.Autoscaler, error)
	// learn returns what has to be learned before, for all settings of the knob; nil
	// learns nothing.
	learn func(context.Context, *learned.Lesson) (*learned.Taught, error)
}

// Learns reports whether the autoscaler learns from history.
func (k *Kind) Learns() bool { return k.learn != nil }

// Learn learns from a lesson what all settings of the knob need.
func (k *Kind) Learn(ctx context.Context, l *learned.Lesson) (*learned.Taught, error) {
	return k.learn(ctx, l)
}

// Surroundings are the application and the load of an autoscaler.
type Surroundings struct {
	Config *loop.Config
	Future *need.Future
	// Model was learned for this application and load; nil for a kind that does
	// not learn.
	Model *artifact.Model
}

// New returns an autoscaler for one run.
func (k *Kind) New(s Surroundings, knob float64) (loop.Autoscaler, error) {
	a, err := k.make(s, knob)
	if err != nil {
		return nil, fmt.Errorf("autoscaler %s=%v: %w", k.Name, knob, err)
	}
	return a, nil
}

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{
		network("deepscaler", artifact.KindDeepScaler, "DeepScaler with its network, which learned on other days, trust, and HAB behind it"),
		{
			Name: "living", About: "DeepScaler that begins with HAB and learns during the run, as its sidecar does; models serve when they pass the gate",
			Knob: "quantile", Settings: []float64{0.3, 0.5, 0.8, 0.9, 0.95, 0.99}, Usual: 0.8,
			make: func(s Surroundings, knob float64) (loop.Autoscaler, error) { return newLiving(knob, s.Config) },
		},
		{
			Name: "hab", About: "DeepScaler without a model: a balanced queueing network over the call graph [35]",
			Knob: "highest utilisation", Settings: []float64{0.9, 0.8, 0.7, 0.6, 0.5, 0.4}, Usual: 0.8,
			make: func(s Surroundings, knob float64) (loop.Autoscaler, error) {
				return newUntrained(queueingConfig(s.Config, knob), s.Config)
			},
		},
		{
			Name: "hab-season", About: "hab with the season that the load of other days shows",
			Knob: "highest utilisation", Settings: []float64{0.9, 0.8, 0.7, 0.6, 0.5, 0.4}, Usual: 0.8,
			make: func(s Surroundings, knob float64) (loop.Autoscaler, error) { return newSeasonal(knob, s) },
		},
		{
			Name: "mmn", About: "every service by itself as an M/M/n/PS station [33]",
			Knob: "highest utilisation", Settings: []float64{0.9, 0.8, 0.7, 0.6, 0.5, 0.4}, Usual: 0.8,
			make: func(s Surroundings, knob float64) (loop.Autoscaler, error) {
				mmn, err := queueing.NewMMN(queueingConfig(s.Config, knob))
				if err != nil {
					return nil, err
				}
				return newEstimated(mmn, nil, s.Config), nil
			},
		},
		{
			Name: "hpa-cpu", About: "the stock HorizontalPodAutoscaler on CPU",
			Knob: "utilisation", Settings: []float64{0.85, 0.75, 0.65, 0.6, 0.5, 0.4}, Usual: 0.6,
			make: func(s Surroundings, knob float64) (loop.Autoscaler, error) {
				return newCPU(knob, s.Config.Bounds), nil
			},
		},
		{
			Name: "hpa-requests", About: "the stock HorizontalPodAutoscaler on requests per second per pod",
			Knob: "share of a replica's capacity", Settings: []float64{0.9, 0.8, 0.7, 0.6, 0.5, 0.4}, Usual: 0.6,
			make: func(s Surroundings, knob float64) (loop.Autoscaler, error) { return newRequests(knob, s) },
		},
		{
			Name: "keda", About: "an HPA as KEDA's Prometheus scaler makes it, on the requests per second of a service",
			Knob: "share of a replica's capacity", Settings: []float64{0.9, 0.8, 0.7, 0.6, 0.5, 0.4}, Usual: 0.6,
			make: func(s Surroundings, knob float64) (loop.Autoscaler, error) { return newKEDA(knob, s) },
		},
		{
			Name: "aws", About: "target tracking on CPU, by the rules of Amazon's Application Auto Scaling [47]",
			Knob: "utilisation", Settings: []float64{0.8, 0.7, 0.6, 0.5, 0.4, 0.3}, Usual: 0.5,
			make: func(_ Surroundings, knob float64) (loop.Autoscaler, error) { return &aws{target: knob}, nil },
		},
		{
			Name: "slo", About: "rules on the response time of each service, by decomposition of the SLO [48]",
			Knob: "share of the SLO", Settings: []float64{4, 3, 2, 1.5, 1, 0.8}, Usual: 1,
			make: func(s Surroundings, knob float64) (loop.Autoscaler, error) { return newSLO(knob, s) },
		},
		network(learned.Identity, learned.Identity, "DeepScaler with a network that has no edges"),
		network(learned.Calls, learned.Calls, "DeepScaler with a network that keeps to the invocation graph"),
		network("dcrnn", artifact.KindDCRNN, "DCRNN in the place of the network [49]"),
		network("tgcn", artifact.KindTGCN, "T-GCN in the place of the network [50]"),
		{
			Name: "kapacity", About: "traffic-driven replicas prediction as Kapacity describes it, with a forecast for each service",
			Knob: "utilisation", Settings: []float64{0.85, 0.75, 0.65, 0.6, 0.5, 0.4}, Usual: 0.6,
			make: func(s Surroundings, knob float64) (loop.Autoscaler, error) { return newKapacity(knob, s) },
		},
		{
			Name: "clairvoyant", About: "uses the future load; pays only for the start of pods and for whole replicas",
			Knob: "spare work", Settings: []float64{0, 1, 2, 3, 4, 6}, Usual: 4,
			make: func(s Surroundings, knob float64) (loop.Autoscaler, error) {
				return &clairvoyant{future: s.Future, spare: knob, ahead: s.Config.LeadTime() - s.Config.Step + time.Second}, nil
			},
		},
	}
}

// network returns DeepScaler around a network of one sort.
func network(name, kind, about string) Kind {
	return Kind{
		Name: name, About: about,
		Knob: "quantile; 0.1 with maxUtilisation 0.9", Settings: []float64{cheapest, 0.3, 0.5, 0.8, 0.95, 0.99}, Usual: 0.8,
		learn: func(ctx context.Context, l *learned.Lesson) (*learned.Taught, error) { return l.Best(ctx, kind) },
		make: func(s Surroundings, knob float64) (loop.Autoscaler, error) {
			trained, err := learned.Estimator(s.Model)
			if err != nil {
				return nil, err
			}
			if trained, err = trained.At(knob); err != nil {
				return nil, err
			}
			e, err := newTrusted(trained, knob, s.Model.Season, s.Config)
			if err != nil {
				return nil, err
			}
			return e, trained.Fits(s.Config.Step, e.steps, estimator.DefaultFeatures(), s.Config.LeadTime())
		},
	}
}

// fileName comes before a colon and the file of a model.
const fileName = "deepscaler"

// ofFile returns DeepScaler with the model of a file, as deepscaler train writes it.
func ofFile(name, file string) (Kind, error) {
	a, err := artifact.ReadFile(file)
	if err != nil {
		return Kind{}, err
	}
	k := network(name, a.Kind, "DeepScaler with the model of a file")
	fresh := k.make
	k.Version = a.Hash()
	k.learn, k.make = nil, func(s Surroundings, knob float64) (loop.Autoscaler, error) {
		s.Model = a
		return fresh(s, knob)
	}
	return k, nil
}

// newUntrained returns DeepScaler without a model.
func newUntrained(q queueing.Config, c *loop.Config) (*estimated, error) {
	hab, mmn, keep, err := theories(q, c)
	if err != nil {
		return nil, err
	}
	return newEstimated(estimator.First(hab, mmn), keep, c), nil
}

// theories returns the estimators of queueing theory, and the feature of its forecasts.
func theories(q queueing.Config, c *loop.Config) (hab, mmn estimator.Estimator, theory *queueing.Analytic, err error) {
	if hab, err = queueing.NewHAB(q); err != nil {
		return nil, nil, nil, err
	}
	if mmn, err = queueing.NewMMN(q); err != nil {
		return nil, nil, nil, err
	}
	theory, err = queueing.NewAnalytic(q, c.Steps)
	return hab, mmn, theory, err
}

// queueingConfig returns the defaults of DeepScaler but for the highest utilisation.
func queueingConfig(c *loop.Config, utilisation float64) queueing.Config {
	q := queueing.DefaultConfig()
	q.SLO = c.Application.SLO.Latency.D()
	q.LeadTime = c.LeadTime()
	q.MaxUtilisation, q.MinUtilisation = utilisation, min(q.MinUtilisation, utilisation)
	return q
}

// Find returns the kind of that name.
func Find(name string) (Kind, error) {
	if file, ok := strings.CutPrefix(name, fileName+":"); ok {
		return ofFile(name, file)
	}
	if strings.HasPrefix(name, wrongName+":") {
		return ofWrong(name)
	}
	all := Kinds()
	i := slices.IndexFunc(all, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, fmt.Errorf("there is no autoscaler %q, only %s, %s:FILE and %s:one, max or random", name, strings.Join(Names(), ", "), fileName, wrongName)
	}
	return all[i], nil
}

// Names returns those of all kinds.
func Names() []string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
	}
	return names
}
