package features

// Add returns the part of an output that counts where the anchor is an analytic forecast, the
// least that is served. A load that is wrongly expected to fall costs violations, while pods
// are held for minutes anyway after it has fallen.
func Add(output float64) float64 { return max(0, output) }
