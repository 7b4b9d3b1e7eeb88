package certs

import (
	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/klog/v2"
)

// quiet logs for the libraries, which say something about every object they
// look at: their information is for debugging, at -v=4, while their errors are
// the adapter's.
type quiet struct{ logr.LogSink }

const quietBy = 4

func newQuietLogger() logr.Logger { return logr.New(quiet{klog.Background().GetSink()}) }

// Init implements [logr.LogSink]. The sink is shared and initialised already.
func (q quiet) Init(logr.RuntimeInfo) {}

// Enabled implements [logr.LogSink].
func (q quiet) Enabled(level int) bool { return q.LogSink.Enabled(level + quietBy) }

// Info implements [logr.LogSink].
func (q quiet) Info(level int, message string, keysAndValues ...any) {
	q.LogSink.Info(level+quietBy, message, keysAndValues...)
}

// Error implements [logr.LogSink]. A conflict is how replicas that start at the
// same time find out about each other; the loser tries again.
func (q quiet) Error(err error, message string, keysAndValues ...any) {
	if apierrors.IsConflict(err) {
		q.Info(0, message, append(keysAndValues, "err", err)...)
		return
	}
	q.LogSink.Error(err, message, keysAndValues...)
}

// WithValues implements [logr.LogSink].
func (q quiet) WithValues(keysAndValues ...any) logr.LogSink {
	return quiet{q.LogSink.WithValues(keysAndValues...)}
}

// WithName implements [logr.LogSink].
func (q quiet) WithName(name string) logr.LogSink { return quiet{q.LogSink.WithName(name)} }
