package em

import (
	"fmt"
	"testing"
)

// BenchmarkPlantedSettings varies the settings of graph learning one at a time and
// reports how well planted dependencies are found: the mean area under the
// precision–recall curve and the mean test loss over as many applications as there
// are iterations, of which -benchtime 4x makes four.
func BenchmarkPlantedSettings(b *testing.B) {
	vary := func(name string, set func(c *Config, v float64), values ...float64) {
		for _, v := range values {
			b.Run(fmt.Sprintf("%s=%v", name, v), func(b *testing.B) {
				c := plantedConfig()
				set(&c, v)
				area, loss := 0.0, 0.0
				for i := range b.N {
					l := newPlantedLesson(b, uint64(i)+1)
					affinity := l.learn(b, c)
					scores := make([]float64, len(affinity))
					for k, w := range affinity {
						scores[k] = float64(w)
					}
					area += l.area(scores)
					loss += l.loss(b, affinity)
				}
				b.ReportMetric(area/float64(b.N), "area")
				b.ReportMetric(loss/float64(b.N), "loss")
			})
		}
	}
	vary("iterations", func(c *Config, v float64) { c.Iterations = int(v) }, 1, 3, 5, 8)
	vary("graph-epochs", func(c *Config, v float64) { c.GraphEpochs = int(v) }, 0, 1, 2, 4, 8)
	vary("graph-learning-rate", func(c *Config, v float64) { c.GraphRate = v }, 3e-3, 1e-2, 3e-2)
	vary("graphs", func(c *Config, v float64) { c.Graphs = int(v) }, 2, 4, 8)
	vary("embedding", func(c *Config, v float64) { c.Embedding = int(v) }, 4, 8, 16, 32)
	vary("threshold", func(c *Config, v float64) { c.Threshold = v }, 0.25, 0.5, 0.75)
	vary("new-edges", func(c *Config, v float64) { c.NewEdges = v }, 0.05, 0.1, 0.2)
	vary("sharpness", func(c *Config, v float64) { c.Sharpness = v }, 1, 30, 100, 300)
}
