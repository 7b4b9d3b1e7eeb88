package gnn

import (
	"errors"
	"fmt"
)

// Limits of a network, so that a hostile model file cannot request all memory.
const (
	maxServices = 10_000
	maxWindow   = 1_000
	maxChannels = 4_096
	maxBlocks   = 16
)

// Config is the shape of a network.
type Config struct {
	// Services is N, the number of nodes.
	Services int
	// Window is τ, the number of past steps a sample holds.
	Window int
	// Features is C, the number of input channels.
	Features int
	// Outputs is the number of values per service, one per predicted step.
	Outputs int
	// Hidden is the number of channels of every block: half of them convolve
	// over A and half over its transpose, so it is even.
	Hidden int
	// Kernel is the number of taps of the temporal convolution, odd.
	Kernel int
	// Blocks is the number of spatio-temporal blocks.
	Blocks int
}

// Validate reports an invalid shape.
func (c Config) Validate() error {
	var errs []error
	check := func(name string, v, low, high int) {
		if v < low || v > high {
			errs = append(errs, fmt.Errorf("%s is %d, want %d to %d", name, v, low, high))
		}
	}
	check("services", c.Services, 1, maxServices)
	check("window", c.Window, 1, maxWindow)
	check("features", c.Features, 1, maxChannels)
	check("outputs", c.Outputs, 1, maxWindow)
	check("hidden", c.Hidden, 2, maxChannels)
	check("kernel", c.Kernel, 1, maxWindow)
	check("blocks", c.Blocks, 1, maxBlocks)
	if c.Hidden%2 != 0 {
		errs = append(errs, fmt.Errorf("hidden is %d, want an even number: half the channels for each direction of the edges", c.Hidden))
	}
	if c.Kernel%2 == 0 {
		errs = append(errs, fmt.Errorf("kernel is %d, want an odd number of taps", c.Kernel))
	}
	return errors.Join(errs...)
}
