package certs

import (
	"github.com/go-logr/logr"
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

// WithValues implements [logr.LogSink].
func (q quiet) WithValues(keysAndValues ...any) logr.LogSink {
	return quiet{q.LogSink.WithValues(keysAndValues...)}
}

// WithName implements [logr.LogSink].
func (q quiet) WithName(name string) logr.LogSink { return quiet{q.LogSink.WithName(name)} }
