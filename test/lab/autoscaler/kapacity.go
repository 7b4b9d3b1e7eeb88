package autoscaler

import (
	"errors"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/workload"
)

// kapacity is the traffic-driven replicas prediction of Kapacity: it forecasts the
// requests of every service by itself, learns online how requests and replicas turn into CPU
// use, and asks for the replicas that keep the forecast at a target utilisation. While it
// has no forecast, its reactive portrait, an HPA on CPU, decides.
//
// Two models differ from the description. Swish Net, a small perceptron over twelve values, their
// differences and products of them with embeddings of the time, is a ridge regression over
// the same inputs. The residual model is left out, since no use of CPU here depends on the
// time alone.
//
// Source: Kapacity's user guide, "Principles of Predictive Scaling".
type kapacity struct {
	*stock // the reactive portrait

	target  float64
	traffic *forecaster
	normal  []float64 // requests per second of each service on average in the past
	load    *workload.Load
	seen    []usageHistory
	wanted  []int
}

// usageHistory is the usage of one service in the last hours.
type usageHistory struct {
	requests, replicas, cores []float64
}

// remembered is how far back the usage counts: --re-history-len of Kapacity's example.
const remembered = 4 * time.Hour

func newKapacity(target float64, s Surroundings) (loop.Autoscaler, error) {
	if s.Config.Past == nil {
		return nil, errors.New("it learns from a load of other days, and there is none: a file must last twice as long as the run, or longer")
	}
	steps := int(s.Config.LeadTime()/s.Config.Step) + 1
	k := &kapacity{stock: newCPU(target, s.Config.Bounds), target: target, load: s.Config.Load}
	var err error
	if k.traffic, err = newForecaster(s.Config.Past, s.Config.Step, steps); err != nil {
		return nil, err
	}
	mean := s.Config.Past.Mean()
	for _, perRequest := range s.Future.Visits() {
		k.normal = append(k.normal, mean*perRequest)
	}
	k.seen = make([]usageHistory, len(k.normal))
	return k, nil
}

// Tick implements [loop.Autoscaler].
func (k *kapacity) Tick(c *loop.Cluster) error {
	w := c.Window()
	now := w.Steps - 1
	requests, cpu, replicas := w.Channel(estimator.Requests), w.Channel(estimator.CPU), w.Channel(estimator.Replicas)
	k.wanted = make([]int, len(k.seen))
	for i := range k.seen {
		row := c.Row(i)
		limit := float64(c.Application().Services[i].Resources.Limits.CPU)
		n := w.At(row, now, replicas)
		k.seen[i].add(w.At(row, now, requests), n, w.At(row, now, cpu)*limit*n, int(remembered/w.Step))
		lags := make([]float64, w.Steps)
		for t := range lags {
			lags[t] = w.At(row, t, requests) / k.normal[i]
		}
		peak := k.traffic.peak(lags, k.load.From+c.Now())
		idle, each, ok := k.seen[i].fit()
		if !ok || math.IsNaN(peak) {
			continue
		}
		// The replicas that bring (idle·n + each·requests) ÷ (limit·n) to the target.
		if room := k.target*limit - idle; room > 0 {
			k.wanted[i] = max(1, int(math.Ceil(each*peak*k.normal[i]/room)))
		}
	}
	return nil
}

// Sync implements [loop.Autoscaler].
func (k *kapacity) Sync(c *loop.Cluster, replicas []int) error {
	if err := k.stock.Sync(c, replicas); err != nil {
		return err
	}
	for i, n := range k.wanted {
		// The portrait of higher priority wins where there is one.
		if n > 0 {
			replicas[i] = n
		}
	}
	return nil
}

func (h *usageHistory) add(requests, replicas, cores float64, most int) {
	if math.IsNaN(requests+replicas+cores) || replicas == 0 {
		return
	}
	h.requests, h.replicas, h.cores = append(h.requests, requests), append(h.replicas, replicas), append(h.cores, cores)
	if extra := len(h.cores) - most; extra > 0 {
		h.requests, h.replicas, h.cores = h.requests[extra:], h.replicas[extra:], h.cores[extra:]
	}
}

// fit returns the cores that a replica uses without requests and those of a request per
// second, both at least 0, by least squares.
func (h *usageHistory) fit() (idle, each float64, ok bool) {
	const least = 4
	if len(h.cores) < least {
		return 0, 0, false
	}
	var nn, nq, qq, ny, qy float64
	for t, y := range h.cores {
		n, q := h.replicas[t], h.requests[t]
		nn, nq, qq = nn+n*n, nq+n*q, qq+q*q
		ny, qy = ny+n*y, qy+q*y
	}
	if qq == 0 {
		return 0, 0, false
	}
	if det := nn*qq - nq*nq; det > 1e-9*nn*qq {
		idle, each = (ny*qq-qy*nq)/det, (qy*nn-ny*nq)/det
	}
	if idle <= 0 || each <= 0 {
		idle, each = 0, qy/qq
	}
	return idle, each, true
}
