// Package modelstore brings trained models from the learner to every replica of the adapter.
// All of them serve the same one at the same step.
//
// The replica that holds the Lease lists the applications for the learner in its
// pod, verifies each new model and publishes it with the step from which it
// serves. Every replica follows the published models and loads them before that
// step. If a model does not fit, the replica refuses it and continues with the
// previous one.
//
// # What is published
//
// A model is an immutable ConfigMap in the adapter's namespace:
//
//	labels
//	  deepscaler.io/model           the application
//	annotations
//	  deepscaler.io/hash            of the model (see package artifact)
//	  deepscaler.io/trained         when its training ended, RFC 3339
//	  deepscaler.io/serve-from      ends of the steps from which it serves, RFC 3339, separated by commas
//	  deepscaler.io/pin             "true", set by a user: serve this one until the annotation is removed
//	binaryData
//	  model.safetensors.gz          the model file, compressed
//	data
//	  report.json                   what the learner's gate found (see package exchange)
//
// With models.directory it is a file on a volume instead, called
// <application>/<serve-from>-<hash>.safetensors, with serve-from in seconds since
// the epoch and the application as package exchange names files.
//
// # Which one serves
//
// At a step that ends at t, the model with the latest serve-from that is not
// after t, of those that are valid. This depends only on the published models
// and on t. A model is published at least two steps ahead, so that every replica
// has loaded it by then. A pin counts as a publication: the leader adds a
// serve-from to the model. Three models of an application are kept.
package modelstore
