package evaluation

import (
	"context"
	"fmt"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/test/lab/dependency"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
)

// pattern is what the learned graph has in common with the relations under one weighting
// of the requests (Fig. 11).
type pattern struct {
	number int
	dependency.Comparison
}

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
		result, err := lesson.Best(ctx, artifact.KindDeepScaler)
		if err != nil {
			return nil, err
		}
		all = append(all, pattern{k, dependency.Compare(lesson.History, lesson.Edges, result.Model.Affinity)})
	}
	return all, nil
}
