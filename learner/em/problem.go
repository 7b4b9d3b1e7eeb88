package em

// Graph is a member of the set 𝒜.
type Graph struct {
	// Name is its origin, "invocation" or "learned 3".
	Name string
	// Affinity is normalised, N×N.
	Affinity []float32
	// Loss is its validation loss under the network; [Learn] ignores that of an
	// initial graph.
	Loss float64
}

// Result is the result of learning: the pair of parameters and affinity matrix
// with the lowest validation loss.
type Result struct {
	// Affinity is the matrix for the parameters in the model.
	Affinity []float32
	// KeptParent is true if nothing was better than the parent: the parameters
	// and the affinity matrix are the parent's.
	KeptParent bool
	// Graphs is the final set 𝒜, each with its loss under the parameters in the
	// model.
	Graphs []Graph
	// Shares has a factor of each output, found on the validation samples, by which
	// it is to be multiplied: O for all services, or N·O for a problem that Corrects.
	Shares []float64
	// Offsets are then added to the outputs. With them the share of validation
	// labels below each output equals its quantile; nil where the only quantile
	// is the median.
	Offsets []float64
	// Validation is the loss of the pair on the validation samples, with the edges that
	// were put back (up to 1 % above the best of the history), before the
	// outputs are multiplied by their shares.
	Validation float64
	// ParentValidation is that of the parent on the same samples, NaN without one.
	ParentValidation float64
	// History has one entry per epoch.
	History []Epoch
}

// Epoch is one pass over the training samples.
type Epoch struct {
	Iteration int `json:"iteration"`
	// Phase is "policy", "probe" (policy learning with candidates for edges) or "graph".
	Phase string `json:"phase"`
	Epoch int    `json:"epoch"`
	// Training is the mean loss over the training labels during the epoch.
	// Validation is the mean loss over the validation labels after it.
	Training   float64 `json:"training"`
	Validation float64 `json:"validation"`
}

// Progress is called during learning. done and total count epochs of both
// phases. Within an epoch done is a fraction, and the losses are NaN.
type Progress func(e Epoch, done float64, total int)

// Problem is the input of learning.
type Problem struct {
	// Training and Validation samples.
	Training, Validation Samples
	// Graphs are the initial graphs, each N×N with weights of at least 0 and
	// without self-loops: the invocation graph, if known.
	Graphs []Graph
	// Parent, unless nil, is the pair that learning starts from and has to beat.
	Parent *Parent
	// Corrects is true if outputs correct a forecast that serves without them: those that
	// are of no use for a service are left out of its forecast.
	Corrects bool
	// Dependent, unless nil, has the weights of edges that are only put back, N×N: users who
	// need one service need the other, whether or not that helps to predict.
	Dependent []float32
	// Steady marks features that [Config.Jitter] leaves as they are, because labels depend
	// on their levels. A share of the samples has those of another sample. Nil for none.
	Steady []bool
	// Weights, unless nil, is a factor of the loss per service, for labels that
	// are in different units.
	Weights []float32
}

// Parent is a result of earlier learning. Its parameters are in the model.
type Parent struct {
	// Affinity is the matrix that belongs to the parameters, normalised, N×N. A
	// service that is new to the parent has an empty row: it is predicted without
	// neighbours, and training begins with its edges in the initial graphs.
	Affinity []float32
	// Graphs is the set 𝒜 of the parent, which learning continues; each is
	// normalised. An initial graph replaces that of the same name.
	Graphs []Graph
}
