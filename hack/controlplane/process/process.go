// Package process runs a group of programs that do not outlive the calling
// program.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	readyPoll    = 50 * time.Millisecond
	readyTimeout = time.Second
	pauseTimeout = 5 * time.Second
)

// Process is one program of a [Group]. Its methods may be called from several goroutines.
type Process struct {
	spec  Spec
	group *Group
	log   string

	mu      sync.Mutex
	current *run
}

// run is one life of the program.
type run struct {
	cmd *exec.Cmd
	// done is closed when the program is gone; err is valid afterwards.
	done chan struct{}
	err  error
	// watched is set once the program is ready: its end is then a failure, unless
	// stopping is set. Process.mu guards both.
	watched, stopping bool
}

// Name returns the name given in [Spec].
func (p *Process) Name() string { return p.spec.Name }

// PID returns the process id, or 0 while the program is not running.
func (p *Process) PID() int {
	if r := p.running(); r != nil {
		return r.cmd.Process.Pid
	}
	return 0
}

// LogFile returns the path of the file that receives standard output and error;
// a restarted program appends to it.
func (p *Process) LogFile() string { return p.log }

// Start runs the program again with the same arguments, and therefore on the same
// ports, after Stop, Kill or a failure, and waits until it is ready. It is an
// error to start a program that is running.
func (p *Process) Start(ctx context.Context) error {
	r, err := p.launch()
	if err != nil {
		return err
	}
	if err := p.awaitReady(ctx, r); err != nil {
		return errors.Join(err, p.kill(r))
	}
	return nil
}

// Stop ends the program with SIGTERM, and with SIGKILL after [Spec].Grace or when
// ctx ends, and waits until it is gone. Stopping a program that is not running does nothing.
func (p *Process) Stop(ctx context.Context) error {
	r := p.running()
	if r == nil {
		return nil
	}
	// SIGTERM has no effect on a program until it is resumed.
	if err := p.end(r, syscall.SIGTERM, syscall.SIGCONT); err != nil {
		return err
	}
	grace := time.NewTimer(p.spec.grace())
	defer grace.Stop()
	select {
	case <-r.done:
		return nil
	case <-grace.C:
	case <-ctx.Done():
	}
	return p.kill(r)
}

// Kill ends the program with SIGKILL, as a crash would but without being
// reported as a failure, and waits until it is gone.
func (p *Process) Kill() error {
	r := p.running()
	if r == nil {
		return nil
	}
	return p.kill(r)
}

// Pause stops the program with SIGSTOP and waits until all its threads are stopped.
// Its ports stay open and every request to it hangs until Resume. Stop and Kill work
// on a paused program.
func (p *Process) Pause() error {
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for deadline := time.Now().Add(pauseTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		pid := p.PID()
		if pid == 0 {
			return fmt.Errorf("pause %s: it has ended", p.spec.Name)
		}
		if still, err := paused(pid); still || err != nil {
			return err
		}
	}
	return fmt.Errorf("pause %s: it is still running after %v; is it resumed at the same time?", p.spec.Name, pauseTimeout)
}

// Resume continues a paused program.
func (p *Process) Resume() error { return p.signal(syscall.SIGCONT) }

func (p *Process) launch() (*run, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil && !ended(p.current) {
		return nil, fmt.Errorf("%s is already running", p.spec.Name)
	}
	// Under p.mu, so that Group.Close finds the program.
	if p.group.isClosed() {
		return nil, ErrStopped
	}
	logFile, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", p.spec.Name, err)
	}
	defer logFile.Close()
	cmd := exec.Command(p.spec.Path, p.spec.Args...)
	cmd.Dir = p.group.dir
	cmd.Env = append(os.Environ(), p.spec.Env...)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.SysProcAttr = p.group.guard.Attr()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.spec.Name, err)
	}
	r := &run{cmd: cmd, done: make(chan struct{})}
	p.current = r
	go p.wait(r)
	return r, nil
}

func (p *Process) wait(r *run) {
	err := r.cmd.Wait()
	if err == nil {
		err = errors.New("exit status 0")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r.err = err
	if r.watched && !r.stopping {
		p.group.report(p.failure(r))
	}
	close(r.done)
}

func (p *Process) awaitReady(ctx context.Context, r *run) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		notReady := p.probe(ctx)
		if notReady == nil {
			if p.watch(r) {
				return nil
			}
			return p.failure(r)
		}
		select {
		case <-r.done:
			return p.failure(r)
		case <-ctx.Done():
			lines, err := Tail(p.log)
			return errors.Join(fmt.Errorf("%s is not ready: %w: %w; %s",
				p.spec.Name, context.Cause(ctx), notReady, describeLog(lines)), err)
		case <-tick.C:
		}
	}
}

func (p *Process) probe(ctx context.Context) error {
	if p.spec.Ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return p.spec.Ready(ctx)
}

// watch reports whether the program is still alive, and if so makes its end a failure.
func (p *Process) watch(r *run) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.watched = !ended(r)
	return r.watched
}

func (p *Process) failure(r *run) *Failure {
	lines, err := Tail(p.log)
	return &Failure{Name: p.spec.Name, Err: errors.Join(r.err, err), Log: lines}
}

func (p *Process) kill(r *run) error {
	if err := p.end(r, syscall.SIGKILL); err != nil {
		return err
	}
	<-r.done
	return nil
}

// end signals the program and keeps its end from being reported as a failure.
func (p *Process) end(r *run, signals ...syscall.Signal) error {
	p.mu.Lock()
	r.stopping = true
	p.mu.Unlock()
	for _, s := range signals {
		if err := r.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("send %v to %s: %w", s, p.spec.Name, err)
		}
	}
	return nil
}

func (p *Process) signal(s syscall.Signal) error {
	r := p.running()
	if r == nil {
		return fmt.Errorf("send %v to %s: it is not running", s, p.spec.Name)
	}
	if err := r.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("send %v to %s: %w", s, p.spec.Name, err)
	}
	return nil
}

func (p *Process) running() *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || ended(p.current) {
		return nil
	}
	return p.current
}

func ended(r *run) bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}
