package workload

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
)

// mixes are what users ask for, in turn (Fig. 8b and Fig. 11 of the paper).
type mixes struct {
	names []string // of the application, or the numbers of patterns; none is its default
	shift int      // seconds that one lasts
	blend int      // seconds in which one turns into the next
}

// times reads how long a mix lasts.
func (m *mixes) times(shift, blend string) error {
	m.shift = 20 * 60
	for _, p := range []struct {
		name, text string
		value      *int
	}{{"shift", shift, &m.shift}, {"blend", blend, &m.blend}} {
		if p.text == "" {
			continue
		}
		d, err := time.ParseDuration(p.text)
		if err != nil || d < 0 || d > 7*24*time.Hour {
			return fmt.Errorf("%s is %q, want a time such as 20m", p.name, p.text)
		}
		if *p.value = int(d.Seconds()); len(m.names) < 2 {
			return fmt.Errorf("%s needs two mixes or more: mix=A>B", p.name)
		}
	}
	if m.shift < 1 || m.blend > m.shift {
		return fmt.Errorf("a mix lasts %d s and fades in over %d s, want at least 1 s and no more than it lasts", m.shift, m.blend)
	}
	return nil
}

func (m *mixes) text() []string {
	if len(m.names) == 0 {
		return nil
	}
	all := "mix=" + strings.Join(m.names, ">")
	if len(m.names) < 2 {
		return []string{all}
	}
	duration := func(seconds int) string { return (time.Duration(seconds) * time.Second).String() }
	return []string{all, "shift=" + duration(m.shift), "blend=" + duration(m.blend)}
}

// grain is how often weights that change all the time are written down, in seconds.
const grain = 15

// weights returns the weights at second from and their changes until to, counted
// from there.
func (m *mixes) weights(a *app.Application, from, to int) ([]float64, []load.Change, error) {
	names := m.names
	if len(names) == 0 {
		names = []string{app.DefaultMix}
	}
	all := make([][]float64, len(names))
	for i, name := range names {
		var err error
		if all[i], err = weightsOf(a, name); err != nil {
			return nil, nil, err
		}
	}
	if len(all) == 1 {
		return all[0], nil, nil
	}
	at := func(second int) []float64 {
		n := second / m.shift
		next := all[n%len(all)]
		if since := second % m.shift; since < m.blend && n > 0 {
			return between(all[(n-1)%len(all)], next, float64(since)/float64(m.blend))
		}
		return next
	}
	var changes []load.Change
	for second := from + 1; second < to; second++ {
		since := second % m.shift
		if since == 0 || since <= m.blend && (since%grain == 0 || since == m.blend) && second >= m.shift {
			changes = append(changes, load.Change{At: float64(second - from), Weights: at(second)})
		}
	}
	return at(from), changes, nil
}

// between mixes two mixes of which each sums to 1.
func between(a, b []float64, share float64) []float64 {
	out := make([]float64, len(a))
	for i := range out {
		out[i] = (1-share)*a[i] + share*b[i]
	}
	return out
}

// Patterns is the number of mixes that every application has by number: as many as
// Fig. 11 of the paper has workload patterns.
const Patterns = 9

// weightsOf returns weights that sum to 1. The paper does not print those of its nine
// patterns; ours are the default weights, each times a factor from 1/4 to 4.
func weightsOf(a *app.Application, name string) ([]float64, error) {
	n, err := strconv.Atoi(name)
	if err != nil {
		w, err := a.Users.Mix(name)
		return normalised(w), err
	}
	if n < 1 || n > Patterns {
		return nil, fmt.Errorf("there is no mix %d, only 1 to %d", n, Patterns)
	}
	w, err := a.Users.Mix(app.DefaultMix)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(uint64(n), mixStream))
	for i := range w {
		w[i] *= math.Pow(4, 2*random.Float64()-1)
	}
	return normalised(w), nil
}

func normalised(w []float64) []float64 {
	total := 0.0
	for _, v := range w {
		total += v
	}
	for i := range w {
		w[i] /= total
	}
	return w
}
