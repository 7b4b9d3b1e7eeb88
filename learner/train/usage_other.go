//go:build !unix

package train

import (
	"errors"
	"time"
)

// usage is unknown on this system.
func usage() (cpu time.Duration, resident int64, err error) { return 0, 0, errors.ErrUnsupported }
