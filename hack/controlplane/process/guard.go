package process

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
)

// The cleaner outlives the program that started it, in a process group of its own
// so that a Ctrl-C at the terminal does not reach it. Its standard input ends when that program
// closes the pipe or dies. rm is tried again because a killed program
// may still finish the write it is in.
const cleanerScript = `
trap '' HUP INT QUIT TERM
read -r _
kill -s KILL -- "-$1" 2>/dev/null
for delay in 0.1 0.2 0.4 0.8 1.6; do
	rm -rf -- "$2" 2>/dev/null && exit 0
	sleep "$delay"
done
rm -rf -- "$2"
`

// Guard ties a process group and a directory to the life of the calling program. When the
// program calls Close or ends, even by SIGKILL, every process in the group is killed and then
// the directory is removed. It takes two idle shells and works on every Unix.
type Guard struct {
	leader, cleaner           *exec.Cmd
	leaderStdin, cleanerStdin io.Closer
	cleanerErrors             *strings.Builder
}

// NewGuard guards dir, which need not exist yet and must be an absolute path.
func NewGuard(dir string) (*Guard, error) {
	// The leader only keeps the group's id in use from the first process to the last.
	leader := exec.Command("/bin/sh", "-c", "read -r _")
	leader.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	leaderStdin, err := leader.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the leader of a process group: %w", err)
	}
	if err := leader.Start(); err != nil {
		return nil, fmt.Errorf("start the leader of a process group: %w", err)
	}
	g := &Guard{leader: leader, leaderStdin: leaderStdin, cleanerErrors: new(strings.Builder)}
	g.cleaner = exec.Command("/bin/sh", "-c", cleanerScript, "guard", fmt.Sprint(leader.Process.Pid), dir)
	g.cleaner.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	g.cleaner.Dir = "/"
	g.cleaner.Stderr = g.cleanerErrors
	g.cleanerStdin, err = g.cleaner.StdinPipe()
	if err == nil {
		err = g.cleaner.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the guard of %s: %w", dir, err), g.dismissLeader())
	}
	return g, nil
}

// Attr returns the attributes that put a command into the guarded group.
func (g *Guard) Attr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pgid: g.leader.Process.Pid}
}

// Close kills what is left of the group and removes the directory.
func (g *Guard) Close() error {
	err := g.cleanerStdin.Close()
	if waitErr := g.cleaner.Wait(); waitErr != nil {
		err = errors.Join(err, fmt.Errorf("clean up: %w: %s", waitErr, strings.TrimSpace(g.cleanerErrors.String())))
	}
	return errors.Join(err, g.dismissLeader())
}

func (g *Guard) dismissLeader() error {
	err := g.leaderStdin.Close()
	var exit *exec.ExitError
	if waitErr := g.leader.Wait(); waitErr != nil && !errors.As(waitErr, &exit) {
		err = errors.Join(err, waitErr)
	}
	return err
}
