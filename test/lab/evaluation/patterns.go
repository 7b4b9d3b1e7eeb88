package evaluation

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
)

// pattern is what the learned graph has in common with the relationships of Eq. 15 and 16
// under one weighting of the requests (Fig. 11).
type pattern struct {
	number int
	od, cc overlap
}

// overlap compares two sets of edges between different services.
type overlap struct {
	// jaccard is the similarity of the sets, captured the share of the relationships that the
	// learned graph has.
	jaccard, captured float64
	edges             int
}

// correlated is T_CC of Eq. 16, which the paper leaves open.
const correlated = 0.9

// patterns learns a graph under every weighting.
func (o *Options) patterns(ctx context.Context) ([]pattern, error) {
	const application = "online-boutique"
	var all []pattern
	for k := 1; k <= o.Patterns; k++ {
		fmt.Fprintf(o.Log, "Fig. 11: weighting %d of %d\n", k, o.Patterns)
		mixed := *o
		mixed.Workload = fmt.Sprintf("%s:mix=%d", o.Workload, k)
		scenes, err := mixed.scenes(application, testSeed, 1, o.Duration)
		if err != nil {
			return nil, err
		}
		lesson, err := experiment.Lesson(ctx, &scenes[0])
		if err != nil {
			return nil, err
		}
		result, err := lesson.Train(ctx, artifact.KindDeepScaler)
		if err != nil {
			return nil, err
		}
		n := len(lesson.History.Services)
		learned := make([]bool, n*n)
		for i, v := range result.Model.Affinity {
			learned[i] = v > 0 && i/n != i%n
		}
		all = append(all, pattern{k, compare(learned, passes(lesson.History, lesson.Edges)), compare(learned, correlations(lesson.History))})
	}
	return all, nil
}

func compare(learned, truth []bool) overlap {
	both, either, want := 0.0, 0.0, 0.0
	for i := range learned {
		if learned[i] && truth[i] {
			both++
		}
		if learned[i] || truth[i] {
			either++
		}
		if truth[i] {
			want++
		}
	}
	return overlap{jaccard: both / either, captured: both / want, edges: int(want)}
}

// passes are the OD relationships of Eq. 15: pairs with more than half of the requests
// of the busiest pair.
func passes(w *estimator.Window, edges []estimator.Edge) []bool {
	n, c := len(w.Services), w.Channel(estimator.Requests)
	rates := make([]float64, n*n)
	for _, e := range edges {
		sum, count := 0.0, 0.0
		for t := range w.Steps {
			if v := w.At(e.Source, t, c); !math.IsNaN(v) {
				sum += v
				count++
			}
		}
		rates[e.Source*n+e.Destination] = e.Weight * sum / count
	}
	out := make([]bool, n*n)
	most := slices.Max(rates)
	for i, v := range rates {
		out[i] = v > most/2
	}
	return out
}

// correlations are the CC relationships of Eq. 16: pairs whose requests are rank-correlated.
func correlations(w *estimator.Window) []bool {
	n, c := len(w.Services), w.Channel(estimator.Requests)
	ranks := make([][]float64, n)
	for i := range ranks {
		series := make([]float64, w.Steps)
		for t := range series {
			if series[t] = w.At(i, t, c); math.IsNaN(series[t]) {
				series[t] = 0
			}
		}
		order := make([]int, len(series))
		for t := range order {
			order[t] = t
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case series[a] < series[b]:
				return -1
			case series[a] > series[b]:
				return 1
			}
			return 0
		})
		ranks[i] = make([]float64, len(series))
		for rank, t := range order {
			ranks[i][t] = float64(rank)
		}
	}
	out := make([]bool, n*n)
	for i := range n {
		for j := range n {
			out[i*n+j] = i != j && math.Abs(stat.Correlation(ranks[i], ranks[j], nil)) > correlated
		}
	}
	return out
}
