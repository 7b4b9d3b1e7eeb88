package evaluation

import (
	"context"
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/train"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
)

// accuracy is how well one network predicts the need of one application (Fig. 12), and
// what learning and estimating cost (Table III).
type accuracy struct {
	application, kind string
	report            *train.Report
	estimate          time.Duration // of one window
}

// accuracy trains each sort of network on the same history.
func (o *Options) accuracy(ctx context.Context, name string) ([]accuracy, error) {
	scenes, err := o.scenes(name, testSeed, 1, o.Duration)
	if err != nil {
		return nil, err
	}
	lesson, err := experiment.Lesson(ctx, &scenes[0])
	if err != nil {
		return nil, err
	}
	var all []accuracy
	for _, kind := range []string{artifact.KindDeepScaler, artifact.KindDCRNN, artifact.KindTGCN} {
		fmt.Fprintf(o.Log, "  %s\n", kind)
		result, err := lesson.Best(ctx, kind)
		if err != nil {
			return nil, err
		}
		took, err := lesson.Estimate(ctx, result.Model)
		if err != nil {
			return nil, err
		}
		all = append(all, accuracy{name, kind, result.Report, took})
	}
	return all, nil
}
