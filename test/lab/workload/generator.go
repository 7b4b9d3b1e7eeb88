package workload

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
)

// Generator is a kind of load with its parameters.
type Generator struct {
	kind   kind
	values map[string]float64 // of the parameters; times in seconds
	mix    mixes
	// session is the name of the one that users go through, empty without.
	session string
	file    *file // for a kind that is a file
}

// Span is the part of a load that an experiment uses.
type Span struct {
	// Seed decides what is random: noise, drift, the order of shapes, the times of jumps.
	Seed uint64
	// From is where the part begins, and Duration how long it is. Whole seconds count.
	From, Duration time.Duration
}

func (s Span) seconds() (from, to int) {
	return int(s.From.Seconds()), int((s.From + s.Duration).Seconds())
}

// Load is what users do from a time on.
type Load struct {
	// Name is the string that describes the generator in full.
	Name string
	// Profile is the requests per second of users in each second.
	Profile load.Profile
	// Weights of the journeys at the start, and how they change.
	Weights []float64
	Changes []load.Change
	// From is where the part begins, and Period the time after which the load recurs; 0 if
	// never.
	From, Period time.Duration
}

// parameter is a number in the string of a generator.
type parameter struct {
	name  string
	value float64 // by default
	time  bool    // in seconds
	least float64
	most  float64
}

// kind is one kind of load.
type kind struct {
	name, about string
	parameters  []parameter
	// make returns the intensity in each second as a factor on the base.
	make func(p map[string]float64, random *rand.Rand, seconds int) (load.Profile, error)
	// period returns the time after which the load recurs; nil is never.
	period func(p map[string]float64) float64
}

// Parse reads NAME or FILE.csv, with parameters after a colon: NAME:key=value,….
func Parse(text string) (*Generator, error) {
	name, rest := cutName(text)
	g := &Generator{values: map[string]float64{}}
	if strings.HasSuffix(name, fileSuffix) {
		f, err := openFile(name)
		if err != nil {
			return nil, err
		}
		g.file, g.kind = f, f.kind()
	} else {
		i := slices.IndexFunc(kinds(), func(k kind) bool { return k.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no workload %q; want a file %s or one of\n%s", name, "NAME"+fileSuffix, Describe())
		}
		g.kind = kinds()[i]
	}
	for _, p := range g.kind.parameters {
		g.values[p.name] = p.value
	}
	shift, blend := "", ""
	for part := range strings.SplitSeq(rest, ",") {
		key, value, found := strings.Cut(part, "=")
		switch {
		case part == "" && rest == "":
		case !found:
			return nil, fmt.Errorf("workload %q: %q is no key=value", text, part)
		case key == "mix":
			g.mix.names = strings.Split(value, ">")
		case key == "shift":
			shift = value
		case key == "blend":
			blend = value
		case key == "session":
			g.session = value
		default:
			if err := g.set(key, value); err != nil {
				return nil, fmt.Errorf("workload %q: %w", text, err)
			}
		}
	}
	if err := g.mix.times(shift, blend); err != nil {
		return nil, fmt.Errorf("workload %q: %w", text, err)
	}
	if g.session != "" && len(g.mix.names) > 0 {
		return nil, fmt.Errorf("workload %q: users follow a session or a mix, not both", text)
	}
	if g.file != nil && g.file.unit == load.Users && g.session == "" {
		return nil, fmt.Errorf("workload %q: the file counts users; add session=NAME, or give requests per second", text)
	}
	return g, nil
}

// cutName cuts the parameters off. A path may hold colons before its suffix.
func cutName(text string) (name, rest string) {
	if i := strings.LastIndex(text, fileSuffix); i >= 0 {
		name, rest = text[:i+len(fileSuffix)], text[i+len(fileSuffix):]
		return name, strings.TrimPrefix(rest, ":")
	}
	name, rest, _ = strings.Cut(text, ":")
	return name, rest
}

func (g *Generator) set(key, value string) error {
	i := slices.IndexFunc(g.kind.parameters, func(p parameter) bool { return p.name == key })
	if i < 0 {
		known := []string{"mix", "shift", "blend", "session"}
		for _, p := range g.kind.parameters {
			known = append(known, p.name)
		}
		return fmt.Errorf("there is no parameter %q, only %s", key, strings.Join(known, ", "))
	}
	p := g.kind.parameters[i]
	v, err := strconv.ParseFloat(value, 64)
	if p.time {
		var d time.Duration
		d, err = time.ParseDuration(value)
		v = d.Seconds()
	}
	if err != nil || !(v >= p.least && v <= p.most) {
		return fmt.Errorf("%s is %q, want %s to %s", key, value, p.text(p.least), p.text(p.most))
	}
	g.values[key] = v
	return nil
}

func (p parameter) text(v float64) string {
	if p.time {
		return time.Duration(v * float64(time.Second)).String()
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// String returns the description with every parameter, in a fixed order.
func (g *Generator) String() string {
	var parts []string
	for _, p := range g.kind.parameters {
		parts = append(parts, p.name+"="+p.text(g.values[p.name]))
	}
	parts = append(parts, g.mix.text()...)
	if g.session != "" {
		parts = append(parts, "session="+g.session)
	}
	if len(parts) == 0 {
		return g.kind.name
	}
	return g.kind.name + ":" + strings.Join(parts, ",")
}

// Period returns the time after which the load recurs up to chance, 0 if never.
func (g *Generator) Period() time.Duration {
	if g.kind.period == nil {
		return 0
	}
	return time.Duration(g.kind.period(g.values) * float64(time.Second))
}

// Make returns a part of the load for an application. The base is the requests per
// second that generators vary around; a file without relative=1 has its own.
func (g *Generator) Make(a *app.Application, base float64, s Span) (*Load, error) {
	from, to := s.seconds()
	if !(base > 0) || from < 0 || to <= from {
		return nil, fmt.Errorf("make %s: base %v from %v for %v, want more than 0 for some seconds", g, base, s.From, s.Duration)
	}
	l := &Load{Name: g.String(), From: s.From, Period: g.Period()}
	p, err := g.profile(base, s.Seed, to)
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", g, err)
	}
	if g.session != "" {
		err = l.follow(a, g.session, p, from, g.file != nil && g.file.unit == load.Users)
	} else {
		l.Profile = p[from:]
		l.Weights, l.Changes, err = g.mix.weights(a, from, to)
	}
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", g, err)
	}
	return l, nil
}

func (g *Generator) profile(base float64, seed uint64, seconds int) (load.Profile, error) {
	if g.file != nil {
		return g.file.profile(base, g.values, seconds), nil
	}
	random := rand.New(rand.NewPCG(seed, stream))
	p, err := g.kind.make(maps.Clone(g.values), random, seconds)
	if err != nil {
		return nil, err
	}
	return p.Scale(base), nil
}

// Training returns a span to learn from for one to test on, with another seed: seven
// periods (two of long ones), or eight hours of what does not recur. Of a file it is all of the rest.
func (g *Generator) Training(test Span) (Span, error) {
	const periods, week, otherwise, otherSeed = 7, 7 * 24 * time.Hour, 8 * time.Hour, 1 << 32
	train := Span{Seed: test.Seed + otherSeed, Duration: otherwise}
	if p := g.Period(); p > 0 {
		train.Duration = max(min(periods*p, max(2*p, week)), otherwise)
	}
	if g.file != nil {
		train = Span{From: test.From + test.Duration, Duration: max(0, g.file.length()-test.Duration)}
		if train.Duration < test.Duration {
			return Span{}, fmt.Errorf("%s lasts %v, too short to learn from one part of it and test on another of %v", g.kind.name, g.file.length(), test.Duration)
		}
	}
	return train, g.CheckApart(train, test)
}

// CheckApart returns an error when two spans have a time in common, so that what is
// learned on one would be known on the other.
func (g *Generator) CheckApart(train, test Span) error {
	if g.file != nil {
		return g.file.apart(train, test)
	}
	if train.Seed == test.Seed && overlap(train, test) {
		return fmt.Errorf("%s: training (seed %d, %v from %v) and test (%v from %v) overlap; take another seed or time", g, train.Seed, train.Duration, train.From, test.Duration, test.From)
	}
	return nil
}

func overlap(a, b Span) bool { return a.From < b.From+b.Duration && b.From < a.From+a.Duration }

// Describe returns a line for each kind of load, for a help text.
func Describe() string {
	var b strings.Builder
	for _, k := range kinds() {
		fmt.Fprintf(&b, "  %-12s %s", k.name, k.about)
		var parts []string
		for _, p := range k.parameters {
			parts = append(parts, p.name+"="+p.text(p.value))
		}
		if len(parts) > 0 {
			fmt.Fprintf(&b, " (%s)", strings.Join(parts, ","))
		}
		b.WriteByte('\n')
	}
	b.WriteString(`  FILE.csv     second,rps or second,users (scale=1,relative=0); relative=1 makes its mean the base
With all of them: mix=NAME or mix=A>B>…, the names of the application's mixes or 1 to 9,
each for shift=20m and fading in over blend=0s; or session=NAME, such as shopper, sale or
queue of online-boutique. Users then ask for more later; in queue, exactly two minutes later.
`)
	return b.String()
}

// Streams of a seed.
const (
	stream        = 0x776f
	patternStream = 0x7061
	mixStream     = 0x6d69
)
