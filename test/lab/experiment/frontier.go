package experiment

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Frontier is the cost of fewer violations for one autoscaler under one load.
// Scripts rely on its JSON keys.
type Frontier struct {
	Application string  `json:"application"`
	Workload    string  `json:"workload"`
	Autoscaler  string  `json:"autoscaler"`
	Points      []Point `json:"points"`
}

// Point is one setting of the knob, on average over seeds. Points are in order of cost.
type Point struct {
	Knob       float64 `json:"knob"`
	Violations float64 `json:"violations"`
	CoreHours  float64 `json:"coreHours"`
}

// Frontiers returns those of all autoscalers, in the order of the runs.
func Frontiers(runs []Run) []Frontier {
	var all []Frontier
	for _, group := range Groups(runs, sameAutoscaler) {
		f := Frontier{Application: group[0].Application, Workload: group[0].Workload, Autoscaler: group[0].Autoscaler}
		for _, setting := range Groups(group, func(a, b *Run) bool { return a.Knob == b.Knob }) {
			p := Point{Knob: setting[0].Knob}
			for _, r := range setting {
				p.Violations += r.Violations / float64(len(setting))
				p.CoreHours += r.CoreHours / float64(len(setting))
			}
			f.Points = append(f.Points, p)
		}
		slices.SortStableFunc(f.Points, func(a, b Point) int { return cmp.Compare(a.CoreHours, b.CoreHours) })
		all = append(all, f)
	}
	return all
}

// SameScene reports whether runs are of one application under one load.
func SameScene(a, b *Run) bool { return a.Application == b.Application && a.Workload == b.Workload }

func sameAutoscaler(a, b *Run) bool { return SameScene(a, b) && a.Autoscaler == b.Autoscaler }

// Groups splits runs into those that are alike, in the order of their first.
func Groups(runs []Run, alike func(a, b *Run) bool) [][]Run {
	var groups [][]Run
	for i := range runs {
		at := slices.IndexFunc(groups, func(g []Run) bool { return alike(&g[0], &runs[i]) })
		if at < 0 {
			groups = append(groups, nil)
			at = len(groups) - 1
		}
		groups[at] = append(groups[at], runs[i])
	}
	return groups
}

// At returns the violations at a cost: on the straight line between the settings next to
// it, of those that no other one betters in both. NaN when the autoscaler cannot be that
// cheap; what costs more is not worse.
func (f *Frontier) At(coreHours float64) float64 {
	best := f.efficient()
	if len(best) == 0 || coreHours < best[0].CoreHours {
		return math.NaN()
	}
	for i := 1; i < len(best); i++ {
		if a, b := best[i-1], best[i]; coreHours <= b.CoreHours {
			return a.Violations + (b.Violations-a.Violations)*(coreHours-a.CoreHours)/(b.CoreHours-a.CoreHours)
		}
	}
	return best[len(best)-1].Violations
}

// Cost returns the core-hours at which violations are down to a share, NaN when they
// never are. What violates less at its cheapest costs that.
func (f *Frontier) Cost(violations float64) float64 {
	best := f.efficient()
	for i, b := range best {
		if b.Violations > violations {
			continue
		}
		if i == 0 {
			return b.CoreHours
		}
		a := best[i-1]
		return a.CoreHours + (b.CoreHours-a.CoreHours)*(a.Violations-violations)/(a.Violations-b.Violations)
	}
	return math.NaN()
}

// efficient returns the points without those that another betters in both.
func (f *Frontier) efficient() []Point {
	var best []Point
	for _, p := range f.Points {
		if len(best) == 0 || p.Violations < best[len(best)-1].Violations {
			best = append(best, p)
		}
	}
	return best
}

// Estimated is a mean with the half-width of its 95 % confidence interval, which is NaN
// for less than two values.
type Estimated struct{ Mean, Half float64 }

// estimate returns the mean of values that are drawn from one distribution (Student).
func estimate(values []float64) Estimated {
	if len(values) == 0 {
		return Estimated{math.NaN(), math.NaN()}
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	n := float64(len(values))
	if n < 2 {
		return Estimated{mean, math.NaN()}
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}
	return Estimated{mean, t.Quantile(0.975) * deviation / math.Sqrt(n)}
}

// Compared is how an autoscaler does beside a reference under the same load, each seed
// against itself.
type Compared struct {
	Application, Workload, Autoscaler string
	// CoreHours is the cost at which violations are compared: that of the reference as users
	// have it.
	CoreHours float64
	// Violations of the autoscaler at that cost, and their difference to the reference.
	Violations, Difference Estimated
}

// CompareAtCost reads all frontiers at the cost of a reference autoscaler, seed by seed:
// that of its chosen run under the same load. An autoscaler that is never that cheap for some
// seed has NaN.
func CompareAtCost(runs, chosen []Run, reference string) []Compared {
	var all []Compared
	for _, scene := range Groups(runs, SameScene) {
		type cost struct{ hours, violations float64 }
		costs := map[uint64]cost{}
		mean := 0.0
		for i := range chosen {
			if r := &chosen[i]; r.Autoscaler == reference && SameScene(r, &scene[0]) {
				costs[r.Seed] = cost{r.CoreHours, r.Violations}
			}
		}
		for _, c := range costs {
			mean += c.hours / float64(len(costs))
		}
		if len(costs) == 0 {
			continue
		}
		for _, group := range Groups(scene, sameAutoscaler) {
			var values, differences []float64
			for _, seed := range Groups(group, func(a, b *Run) bool { return a.Seed == b.Seed }) {
				c, known := costs[seed[0].Seed]
				if !known {
					continue
				}
				f := Frontiers(seed)[0]
				v := f.At(c.hours)
				if group[0].Autoscaler == reference {
					v = c.violations
				}
				values = append(values, v)
				differences = append(differences, v-c.violations)
			}
			all = append(all, Compared{
				Application: group[0].Application, Workload: group[0].Workload, Autoscaler: group[0].Autoscaler,
				CoreHours: mean, Violations: estimate(values), Difference: estimate(differences),
			})
		}
	}
	return all
}

// Paired compares every autoscaler of runs with a reference, seed by seed. Each has one
// setting.
func Paired(runs []Run, reference string) *Table {
	t := &Table{Headings: []string{"autoscaler", "violations %", "core-hours", "CAE s"}}
	base := map[uint64]Run{}
	for _, r := range runs {
		if r.Autoscaler == reference {
			base[r.Seed] = r
		}
	}
	for _, group := range Groups(runs, sameAutoscaler) {
		if group[0].Autoscaler == reference {
			continue
		}
		row := []string{group[0].Autoscaler}
		for _, of := range []func(*Run) float64{
			func(r *Run) float64 { return 100 * r.Violations },
			func(r *Run) float64 { return r.CoreHours },
			func(r *Run) float64 { return r.CAE },
		} {
			var differences []float64
			for i := range group {
				if b, known := base[group[i].Seed]; known {
					differences = append(differences, of(&group[i])-of(&b))
				}
			}
			row = append(row, interval(estimate(differences)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
