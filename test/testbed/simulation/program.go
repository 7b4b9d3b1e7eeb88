package simulation

import (
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// opcode is the kind of an operation.
type opcode uint8

const (
	useCPU opcode = iota
	waitOff
	callOut
	fork
)

// op is one step of a program.
type op struct {
	code        opcode
	draw        sampler // useCPU and waitOff: seconds
	endpoint    int32   // callOut: what is called
	times       float64
	probability float64 // callOut, fork: 1 when it always happens
	branches    [][]op  // fork
}

// program is the sequence of operations of a call to an endpoint.
type program struct {
	service int32
	name    string
	ops     []op
}

// sampler draws seconds from the distribution of a demand.
type sampler struct {
	mean      float64
	family    app.Distribution
	mu, sigma float64 // of the logarithm, for the lognormal family
}

func newSampler(mean float64, d app.Demand) sampler {
	s := sampler{mean: mean, family: d.Distribution}
	if s.family == app.Lognormal {
		cv := d.CV.Or(1)
		variance := math.Log1p(cv * cv)
		s.mu, s.sigma = math.Log(mean)-variance/2, math.Sqrt(variance)
	}
	return s
}

func (s *sampler) sample(r *stream) float64 {
	switch s.family {
	case app.Constant:
		return s.mean
	case app.Lognormal:
		return math.Exp(s.mu + s.sigma*r.normal())
	case app.Exponential:
	}
	return s.mean * r.exponential()
}

// compile turns the endpoints of a into programs, and returns the position of each
// by the names of its service and its own.
func compile(a *app.Application) ([]program, map[[2]string]int32, error) {
	index := make(map[[2]string]int32)
	var programs []program
	for i := range a.Services {
		for _, e := range a.Services[i].Endpoints {
			index[[2]string{a.Services[i].Name, e.Name}] = int32(len(programs))
			programs = append(programs, program{service: int32(i), name: e.Name})
		}
	}
	n := 0
	for i := range a.Services {
		for j := range a.Services[i].Endpoints {
			e := &a.Services[i].Endpoints[j]
			calls, err := compileCalls(index, e.Calls)
			if err != nil {
				return nil, nil, fmt.Errorf("service %s, endpoint %s: %w", a.Services[i].Name, e.Name, err)
			}
			cpu, off := e.Demand.CPU.D().Seconds(), e.Demand.Latency.D().Seconds()
			// With callees, half of the CPU time comes after the last, see app.Demand.
			before, after := cpu, 0.0
			if len(calls) > 0 {
				before, after = cpu/2, cpu/2
			}
			ops := appendDemand(nil, useCPU, before, e.Demand)
			ops = appendDemand(ops, waitOff, off, e.Demand)
			ops = append(ops, calls...)
			programs[n].ops = appendDemand(ops, useCPU, after, e.Demand)
			n++
		}
	}
	return programs, index, nil
}

func appendDemand(ops []op, code opcode, mean float64, d app.Demand) []op {
	if mean <= 0 {
		return ops
	}
	return append(ops, op{code: code, draw: newSampler(mean, d)})
}

func compileCalls(index map[[2]string]int32, calls []app.Call) ([]op, error) {
	var ops []op
	for _, c := range calls {
		if c.Parallel != nil {
			branches := make([][]op, len(c.Parallel))
			for i, branch := range c.Parallel {
				var err error
				if branches[i], err = compileCalls(index, branch); err != nil {
					return nil, err
				}
			}
			ops = append(ops, op{code: fork, probability: c.Probability.Or(1), branches: branches})
			continue
		}
		endpoint, ok := index[[2]string{c.Service, c.Endpoint}]
		if !ok {
			return nil, fmt.Errorf("calls %s %s, which does not exist", c.Service, c.Endpoint)
		}
		ops = append(ops, op{code: callOut, endpoint: endpoint, times: c.Times.Or(1), probability: c.Probability.Or(1)})
	}
	return ops, nil
}
