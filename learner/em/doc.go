// Package em learns networks and affinity matrices from recorded telemetry:
// adaptive learning by expectation–maximisation (paper §IV-B, Algorithm 2).
//
// Each iteration has three parts. Policy learning trains the parameters θ of the
// network under the current affinity matrix. Graph learning trains a generator
// of affinity matrices with the network frozen, and adds its graph to the set 𝒜.
// Graph updating weighs the graphs of the set by the network's loss with each of
// them on held-back samples.
//
// Learning is reproducible bit for bit on machines with the same instructions for the same
// samples, configuration and seed, on any number of processors, and ends soon after its
// context does.
package em
