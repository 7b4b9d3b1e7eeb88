package gobuild

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lock keeps other builds out of the cache directory, in this program and in
// others, until the returned function is called. The kernel lifts it when the program ends.
func lock(ctx context.Context, cacheDir string, progress io.Writer) (unlock func() error, err error) {
	file, err := os.OpenFile(filepath.Join(cacheDir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the program cache: %w", err)
	}
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	start := time.Now()
	var told time.Duration
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock the program cache: %w", err), file.Close())
		}
		if waited := time.Since(start); waited >= told {
			fmt.Fprintf(progress, "waiting for another build in %s, %v\n", cacheDir, waited.Round(time.Second))
			told += progressPeriod
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("wait for another build in %s: %w", cacheDir, context.Cause(ctx)), file.Close())
		case <-retry.C:
		}
	}
}
