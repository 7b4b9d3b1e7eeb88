package gnn

// Model is the interface of a network for training and serving: of [Network],
// and of those for comparison.
type Model[T Float] interface {
	// Config returns the shape of the network.
	Config() Config
	// Parameters returns all parameters, in the order of their gradients.
	Parameters() []*Parameter[T]
	// Refresh prepares the backward pass after parameters changed. It must not
	// run beside a pass.
	Refresh()
	// BasisSize returns how many numbers [Model.Basis] writes.
	BasisSize() int
	// Basis writes the network's basis of an affinity matrix, N×N and
	// normalised.
	Basis(basis, affinity []T)
	// BasisBackward writes the gradient with respect to the affinity matrix,
	// given that with respect to its basis.
	BasisBackward(daffinity, dbasis, affinity []T)
	// Inference returns a pass that runs only forward.
	Inference() Pass[T]
	// Training returns a pass that also runs backward, with gradients of the
	// parameters or, for a search over affinity matrices, without.
	Training(parameters bool) Pass[T]
}

// Pass runs single samples through a model. It owns all its memory, so no call
// allocates, and is for one goroutine at a time. Passes may run concurrently as
// long as the parameters do not change.
type Pass[T Float] interface {
	// Forward runs the sample x, τ·N·C numbers, on a basis, and writes N·O
	// outputs to y.
	Forward(x, basis, y []T)
	// Backward takes the gradient of the outputs of the last Forward, which had
	// the same basis. It adds the gradients of the parameters to Gradients, and
	// that of the basis to dbasis unless dbasis is nil.
	Backward(dy, basis, dbasis []T)
	// Gradients returns the sums of Backward, in the order of
	// [Model.Parameters]; nil if the pass has none. The caller clears them.
	Gradients() [][]T
}

var _ Model[float32] = (*Network[float32])(nil)
