package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// ErrDirInUse is returned for a data directory with files in it, which Close would remove.
var ErrDirInUse = errors.New("the data directory is not empty")

// ErrStopped is returned by every attempt to start a program in a closed group.
var ErrStopped = errors.New("the process group is stopped")

// Group runs programs that share a directory. Its methods may be called from several goroutines.
type Group struct {
	dir    string
	guard  *Guard
	failed chan error
	close  func() error

	mu        sync.Mutex
	processes []*Process
	closed    bool
}

// NewGroup makes dir, which must not exist or be empty (else ErrDirInUse), and guards it.
// Directory and programs vanish with Close or with the calling program. Logs go to dir/logs.
func NewGroup(dir string) (*Group, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the data directory: %w", err)
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%w and would be removed at the end: choose another than %s", ErrDirInUse, dir)
	}
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	guard, err := NewGuard(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	// Room for many failures before the first receive.
	g := &Group{dir: dir, guard: guard, failed: make(chan error, 256)}
	g.close = sync.OnceValue(g.tearDown)
	return g, nil
}

// Dir returns the absolute path of the group's directory.
func (g *Group) Dir() string { return g.dir }

// Failed delivers a [*Failure] for each ready program that ended without being stopped.
// Close closes the channel.
func (g *Group) Failed() <-chan error { return g.failed }

// Run starts a program and waits until it is ready. If it ends before that the error is
// a [*Failure]; if ctx ends before that the program is killed.
func (g *Group) Run(ctx context.Context, spec Spec) (*Process, error) {
	p := &Process{
		spec:  spec,
		group: g,
		log:   filepath.Join(g.dir, "logs", spec.Name+".log"),
	}
	if err := g.add(p); err != nil {
		return nil, err
	}
	if err := p.Start(ctx); err != nil {
		g.remove(p)
		return nil, err
	}
	return p, nil
}

// Processes returns the programs of the group, running or not, in the order of their start.
func (g *Group) Processes() []*Process {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]*Process(nil), g.processes...)
}

// Close kills the programs that still run, without reporting them as failed, and removes the
// directory. Every call waits for the first one and returns its result.
func (g *Group) Close() error { return g.close() }

func (g *Group) tearDown() error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()

	var errs []error
	for _, p := range g.Processes() {
		errs = append(errs, p.Kill())
	}
	close(g.failed)
	errs = append(errs, g.guard.Close())
	return errors.Join(errs...)
}

func (g *Group) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

func (g *Group) add(p *Process) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrStopped
	}
	for _, other := range g.processes {
		if other.spec.Name == p.spec.Name {
			return fmt.Errorf("a program named %q already belongs to the group: choose another name", p.spec.Name)
		}
	}
	g.processes = append(g.processes, p)
	return nil
}

func (g *Group) remove(p *Process) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, other := range g.processes {
		if other == p {
			g.processes = append(g.processes[:i], g.processes[i+1:]...)
			return
		}
	}
}

// report must not block: there may be no receiver.
func (g *Group) report(failure *Failure) {
	select {
	case g.failed <- failure:
	default:
	}
}
