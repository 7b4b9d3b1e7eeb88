//go:build !unix

package train

import (
	"errors"
	"time"
)

// usage is not known here.
func usage() (cpu time.Duration, resident int64, err error) { return 0, 0, errors.ErrUnsupported }
