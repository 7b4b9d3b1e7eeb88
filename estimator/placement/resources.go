package placement

import "math"

// Resources is what a pod asks of a node, or what a node has left.
type Resources struct {
	MilliCPU, Memory int64
	// Pods is 1 for a pod.
	Pods int64
}

// Fits returns how many pods that ask for the given fit in what is left.
func (r Resources) Fits(request Resources) int {
	fits := int64(math.MaxInt32)
	for _, d := range [3][2]int64{{r.MilliCPU, request.MilliCPU}, {r.Memory, request.Memory}, {r.Pods, request.Pods}} {
		if d[1] > 0 {
			fits = min(fits, max(0, d[0]/d[1]))
		}
	}
	return int(fits)
}

// Minus returns what is left after a pod took its part.
func (r Resources) Minus(request Resources) Resources {
	return Resources{r.MilliCPU - request.MilliCPU, r.Memory - request.Memory, r.Pods - request.Pods}
}
