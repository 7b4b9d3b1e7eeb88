// Package gate judges forecasts of replicas on held-back history by what they would
// have cost, and decides whether a trained model may serve.
//
// At each of the held-back steps an estimator sees the window that the adapter would
// have read, and its largest forecast within the lead time is what the autoscaler would
// have been given. It is compared with what the service turned out to need a lead time
// later, when those replicas serve. Replicas too few are a shortage, replicas too many
// a cost, and the loss weighs the two by the quantile that the application chose
// (pinball loss, of which Eq. 4 of the paper is the median case).
package gate
