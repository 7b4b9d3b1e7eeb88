// Package exchange is the interface between an adapter and its learner: a
// folder. They run in two containers of one pod and share nothing else, so the
// learner needs no Kubernetes.
//
// # The files
//
//	applications.json                  adapter → learner   what to learn, see [List]
//	serving/<application>.safetensors  adapter → learner   the model that serves
//	models/<application>.safetensors   learner → adapter   a model that has passed the gate
//	models/<application>.json          learner → adapter   what the gate found, see [Report]
//	learner.json                       learner → adapter   what the learner does, see [Status]
//	learner.prom                       learner → adapter   its metrics and sign of life, see [Dir.Metrics]
//
// Every file has one writer. It replaces the file as a whole
// ([artifact.Replace]), so a reader finds the old content or the new one, even
// after a crash. A missing file is not a fault of the other side, which may not
// have started: reading it returns an error that wraps [io/fs.ErrNotExist].
//
// Two files cannot be replaced at once. The learner therefore writes the model first
// and then the report, which names the model by its hash ([artifact.Model.Hash]): a
// reader that finds a model with another hash tries again later. For the same reason
// the adapter writes serving models before the list that names them.
//
// Only the adapter that holds the Lease lists applications; the others list none, so
// only one of many learners learns.
//
// # Names of files
//
// [FileName] returns the file name of an application.
package exchange
