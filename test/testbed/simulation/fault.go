package simulation

import "fmt"

// Fault is a simulated fault of a service, for tests of monitoring.
type Fault struct {
	// Slowdown multiplies the CPU time and the time off the CPU of every call; 0
	// means 1.
	Slowdown float64 `json:"slowdown"`
	// Errors is the share of calls that fail after their work, independent of load.
	Errors float64 `json:"errors"`
}

// SetFault sets the fault of a service from now on; the zero Fault ends it. Work
// that has begun keeps its demand.
func (e *Engine) SetFault(service int, f Fault) error {
	if f.Slowdown == 0 {
		f.Slowdown = 1
	}
	if !(f.Slowdown > 0 && f.Slowdown <= 1e6) || !(f.Errors >= 0 && f.Errors <= 1) {
		return fmt.Errorf("a fault slows down by a factor above 0 and up to 1e6 and fails a share from 0 to 1, not %+v", f)
	}
	e.services[service].fault = f
	return nil
}

// demand draws the cost of a step of a call, in seconds.
func (e *Engine) demand(f *frame, o *op) float64 {
	return o.draw.sample(&e.users[f.user].random) * e.services[f.service].fault.Slowdown
}

// outcome returns the code of a call whose work is done.
func (e *Engine) outcome(f *frame) int {
	if f.service < 0 || f.caller == branchOf {
		return ok
	}
	if share := e.services[f.service].fault.Errors; share > 0 && e.users[f.user].random.uniform() < share {
		return failure
	}
	return ok
}
