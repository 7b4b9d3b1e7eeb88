package artifact

import "errors"

// The faults of a model file. Every error of [Read] and [ReadFile] wraps one of
// them, except errors of the reader or the file system.
var (
	// ErrForeign: the file is of another kind, such as another project's
	// safetensors file.
	ErrForeign = errors.New("not a deepscaler model file")
	// ErrTruncated: the file ends too early. Copy it again.
	ErrTruncated = errors.New("model file is cut short")
	// ErrTooLarge: the file or its header exceeds the [Limits].
	ErrTooLarge = errors.New("model file is too large")
	// ErrCorrupt: the header or the document is malformed, or the two do not
	// agree.
	ErrCorrupt = errors.New("model file is malformed")
	// ErrVersion: the file has a format version that this build does not read.
	ErrVersion = errors.New("model file has an unsupported format version")
	// ErrChecksum: the content has changed since it was written.
	ErrChecksum = errors.New("model file does not match its checksum")
	// ErrInvalid: the model breaks a rule of [Model.Validate].
	ErrInvalid = errors.New("invalid model")
	// ErrNotFinite: the model is invalid because a number is NaN or infinite,
	// as after a training run that diverged. It comes with [ErrInvalid].
	ErrNotFinite = errors.New("number is not finite")
)
