// Package exchange is the folder through which an adapter and its learner meet.
// They run in two containers of one pod and share nothing else, so the learner
// needs no Kubernetes.
//
// # The files
//
//	applications.json                  adapter → learner   what to learn, see [List]
//	serving/<application>.safetensors  adapter → learner   the model that serves
//	models/<application>.safetensors   learner → adapter   a model that has passed the gate
//	models/<application>.json          learner → adapter   what the gate found, see [Report]
//
// Every file has one writer. It replaces the file as a whole
// ([artifact.Replace]), so a reader finds the old content or the new one, and so
// does whoever starts after a crash. A file that is not there is no error of the
// other side: it has yet to begin, and reading gives an error that is
// [io/fs.ErrNotExist].
//
// Two files cannot be replaced at once. The learner therefore writes the model
// first and then the report, which names the model by its hash ([artifact.Model.Hash]):
// a reader that finds another model than the report names tries again later. For
// the same reason the adapter writes serving models before the list that names them.
//
// Only the adapter that holds the Lease lists applications; the others list none, so
// that of many learners only one learns.
//
// # Names of files
//
// [FileName] says what an application is called as a file.
package exchange
