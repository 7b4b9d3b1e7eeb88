package load

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Profile is an intensity, one value for each second: requests per second, or
// users. It starts again after its last second.
type Profile []float64

// At returns the intensity at a time in seconds, 0 or more.
func (p Profile) At(t float64) float64 { return p[int(t)%len(p)] }

// Scale returns the profile with every value multiplied by a factor.
func (p Profile) Scale(factor float64) Profile {
	scaled := make(Profile, len(p))
	for i, v := range p {
		scaled[i] = v * factor
	}
	return scaled
}

// Mean returns the mean intensity.
func (p Profile) Mean() float64 {
	sum := 0.0
	for _, v := range p {
		sum += v
	}
	return sum / float64(len(p))
}

func (p Profile) validate() error {
	if len(p) == 0 {
		return fmt.Errorf("a load profile needs at least one second")
	}
	for i, v := range p {
		if math.IsNaN(v) || v < 0 || v > maxIntensity {
			return fmt.Errorf("the load in second %d is %v, want a number from 0 to %d", i, v, maxIntensity)
		}
	}
	return nil
}

const maxIntensity = 1_000_000

// shape is a pattern of Fig. 8a of the paper, as a factor on the base intensity at
// a position x in [0, 1) of its duration.
type shape struct {
	name, about string
	seconds     int
	factor      func(x float64, noise *rand.Rand) float64
}

// shapes returns the five of §V-A, "slight increases, slight decreases, sharp increases,
// sharp decreases, and continuous fluctuation", and bursts, the hardest according to
// §V-B.
func shapes() []shape {
	ramp := func(from, to float64) func(float64, *rand.Rand) float64 {
		return func(x float64, _ *rand.Rand) float64 { return from + (to-from)*x }
	}
	jump := func(from, to float64) func(float64, *rand.Rand) float64 {
		return func(x float64, _ *rand.Rand) float64 {
			// The change takes a twentieth of the duration.
			return from + (to-from)*min(1, max(0, (x-0.3)*20))
		}
	}
	return []shape{
		{"constant", "always the base intensity", 600, ramp(1, 1)},
		{"slight-rise", "from 1 to 1.5 times the base over the whole time", 600, ramp(1, 1.5)},
		{"sharp-rise", "from 1 to 3 times the base within a twentieth of the time", 600, jump(1, 3)},
		{"slight-fall", "from 1.5 times the base to 1", 600, ramp(1.5, 1)},
		{"sharp-fall", "from 3 times the base to 1 within a twentieth of the time", 600, jump(3, 1)},
		{"fluctuation", "waves of several periods between 0.6 and 2.2 times the base, with noise", 1200, func(x float64, noise *rand.Rand) float64 {
			wave := 0.5*math.Sin(2*math.Pi*4*x) + 0.3*math.Sin(2*math.Pi*9*x+1)
			return max(0.2, 1.4+wave+0.05*noise.NormFloat64())
		}},
		{"burst", "the base, with bursts to four times of it for a fifth of the time", 100, func(x float64, _ *rand.Rand) float64 {
			if x >= 0.4 && x < 0.6 {
				return 4
			}
			return 1
		}},
	}
}

// paper is the sequence of shapes of the profile of that name.
func paper() []string {
	return []string{"slight-rise", "slight-fall", "sharp-rise", "sharp-fall", "fluctuation", "burst", "burst", "burst"}
}

// PaperProfile is the name of all shapes in a row, as in Fig. 8a.
const PaperProfile = "paper"

// Generate returns a profile by its name around a base intensity. The seed
// decides the noise in it.
func Generate(name string, base float64, seed uint64) (Profile, error) {
	noise := rand.New(rand.NewPCG(seed, noiseStream))
	names := []string{name}
	if name == PaperProfile {
		names = paper()
	}
	var p Profile
	for _, n := range names {
		i := slices.IndexFunc(shapes(), func(s shape) bool { return s.name == n })
		if i < 0 {
			return nil, fmt.Errorf("there is no load profile %q, only %s", n, strings.Join(Names(), ", "))
		}
		s := shapes()[i]
		for second := range s.seconds {
			p = append(p, base*s.factor(float64(second)/float64(s.seconds), noise))
		}
	}
	return p, p.validate()
}

// Names returns the names of profiles for [Generate].
func Names() []string {
	names := []string{PaperProfile}
	for _, s := range shapes() {
		names = append(names, s.name)
	}
	return names
}

// Describe returns one line for each profile, for a help text.
func Describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %-12s %s\n", PaperProfile, strings.Join(paper(), ", "))
	for _, s := range shapes() {
		fmt.Fprintf(&b, "  %-12s %s (%d s)\n", s.name, s.about, s.seconds)
	}
	return b.String()
}

// Streams of a seed.
const (
	noiseStream = 0xb0
	openStream  = 0xb1
	userStream  = 1 << 33
)
