// Package artifact is the versioned model file. It holds everything that
// serving and learning need of a trained network: the weights, the affinity
// matrix and the set 𝒜 behind it (paper §IV-B), the order of services and
// features, the scaler, the label and the training report. A file that is not
// complete is refused.
//
// # On-disk format, version 1
//
// A model is a safetensors file (https://github.com/huggingface/safetensors),
// so any tool that reads those can open it:
//
//	8 bytes   length of the header in bytes, unsigned, little-endian
//	header    a JSON object in UTF-8 that starts with "{", padded with spaces
//	          until the data starts at a multiple of 8 bytes
//	data      the tensors, float32, little-endian, row-major, end to end
//
// The header has one member per tensor and one more, "__metadata__":
//
//	"blocks.0.attention.u1": {"dtype": "F32", "shape": [3], "data_offsets": [36, 48]}
//	"__metadata__": {"deepscaler": "<document>", "deepscaler.sha256": "<checksum>"}
//
// The offsets count from the start of the data, the end excluded. The tensors
// cover the data without a gap or an overlap, in any order; every dtype is F32
// and every dimension at least 1. Other members of "__metadata__" belong to
// other tools and are ignored.
//
// The tensors are "affinity", then one "graphs.<name>" for every graph of 𝒜,
// all of shape [N,N], then the parameters of the network under their own names.
//
// The document is a JSON object in a string. Members outside this list are
// refused:
//
//	version          1
//	kind             "deepscaler", "dcrnn" or "tgcn"
//	services         N names in the order of the rows
//	features         C names in the order of the channels
//	target           what is estimated, such as "replicas"
//	label            "observed" or "required": where the labels came from
//	window           τ, the steps a sample looks back
//	horizons         steps ahead of each output, ascending
//	step             Δ as a duration, such as "30s"
//	hyperparameters  {hidden, kernel, blocks, order, quantile}; those that are 0 are left out
//	scaler           {mean, std: [N][C]; targetMean, targetStd: [N];
//	                 anchor: "", "change" or "demand";
//	                 sizings: [N] of {idle, utilisation}, with the anchor "demand" only;
//	                 shares: [H], left out when all are 1}
//	graphs           [{name, loss}] of 𝒜; loss is null before the first scoring; left out when 𝒜 is empty
//	tensors          [{name, shape}] of all tensors, in the order of the checksum
//	report           any JSON value; left out when there is none
//	parent           checksum of the model this one was warm-started from, or ""
//	created          RFC 3339, UTC
//
// The checksum is the SHA-256, in lower-case hex, of the document's bytes
// followed by the bytes of every tensor in the order of the document. The
// document holds names and shapes, so the checksum covers the whole model, in
// any layout of the tensors. In Python:
//
//	with safetensors.safe_open(path, "np") as f:
//	    document = f.metadata()["deepscaler"]
//	    sha = hashlib.sha256(document.encode())
//	    for t in json.loads(document)["tensors"]:
//	        sha.update(f.get_tensor(t["name"]).tobytes())
//	    assert sha.hexdigest() == f.metadata()["deepscaler.sha256"]
//
// It detects damage, not malice: anyone who can write the file can compute the
// checksum.
//
// # Reading
//
// [Read] trusts nothing. It reads the whole file, up to [Limits], and compares the sizes
// in it with the available bytes before it allocates memory for them. It returns a model
// only if that passes [Model.Validate]. Each kind of fault has its own error,
// [ErrForeign] to [ErrNotFinite].
//
// # Replacing a file
//
// [WriteFile] writes a temporary file beside the old one, syncs it, renames it
// over the old one and syncs the folder. A reader sees the old model or the new
// one, even after a crash. A process that is killed in between leaves the
// temporary file ".<name>.tmp-<digits>", which may be deleted.
package artifact
