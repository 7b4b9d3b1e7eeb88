// Package recording tests that history comes out of a real Prometheus as the
// application made it.
package recording

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
