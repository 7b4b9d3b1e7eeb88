package loop

import (
	"math"

	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Pod is what the API and the metrics server report of a pod.
type Pod struct {
	simulation.Pod
	// Cores is the CPU that the pod used between two samples of the metrics server, the
	// second of them At seconds after the start and Window seconds after the first; NaN
	// while there are not two.
	Cores, At, Window float64
}

// usage is a metrics server: the CPU of a pod is the mean between its last two
// samples.
type usage struct {
	at, window float64
	last       map[string]float64 // CPU seconds of every pod at the last sample
	cores      map[string]float64
	services   [][]Pod
	joined     float64
}

func newUsage(services int) usage {
	return usage{last: map[string]float64{}, services: make([][]Pod, services), joined: -1}
}

// sample takes the next sample of every pod.
func (u *usage) sample(e *simulation.Engine) {
	u.window = e.Now() - u.at
	u.at = e.Now()
	before := u.last
	u.last, u.cores = make(map[string]float64, len(before)), make(map[string]float64, len(before))
	for _, p := range e.Pods() {
		if seconds, known := before[p.Name]; known {
			u.cores[p.Name] = (p.CPU - seconds) / u.window
		}
		u.last[p.Name] = p.CPU
	}
}

// join brings the pods of now and their last samples together.
func (u *usage) join(e *simulation.Engine) {
	if u.joined == e.Now() {
		return
	}
	u.joined = e.Now()
	for i := range u.services {
		u.services[i] = u.services[i][:0]
	}
	for _, p := range e.Pods() {
		cores, known := u.cores[p.Name]
		if !known {
			cores = math.NaN()
		}
		u.services[p.Service] = append(u.services[p.Service], Pod{Pod: p, Cores: cores, At: u.at, Window: u.window})
	}
}
