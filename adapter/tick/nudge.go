package tick

import (
	"context"
	"sync"
	"time"
)

// nudgeInterval is the shortest time between two ticks out of turn, so that a directory of
// autoscalers that is applied one by one does not make one for each.
const nudgeInterval = time.Second

// nudges are applications to plan out of turn.
type nudges struct {
	once sync.Once
	// wake has a value while applications wait.
	wake chan struct{}

	mu      sync.Mutex
	waiting map[string]bool
}

func (n *nudges) start() {
	n.once.Do(func() { n.wake, n.waiting = make(chan struct{}, 1), map[string]bool{} })
}

// add lets applications wait.
func (n *nudges) add(applications ...string) {
	n.start()
	n.mu.Lock()
	for _, a := range applications {
		n.waiting[a] = true
	}
	some := len(n.waiting) > 0
	n.mu.Unlock()
	if !some {
		return
	}
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// take returns the applications that wait, which then wait no longer.
func (n *nudges) take() map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := n.waiting
	n.waiting = map[string]bool{}
	return taken
}

// Nudge has applications planned soon, for the last ended step, instead of at the next
// tick. It is for applications whose services have changed, and may be called before
// Run and concurrently.
func (l *Loop) Nudge(applications ...string) { l.nudges.add(applications...) }

// nudge starts to plan the applications that wait. One that is being planned waits
// until that has ended, since it may not have the services of the moment.
func (l *Loop) nudge(ctx context.Context, running *sync.WaitGroup) {
	end, waiting := l.end(l.Clock.Now()), l.nudges.take()
	for _, a := range l.Board.Applications() {
		if !waiting[a.Name] {
			continue
		}
		l.mu.Lock()
		last := l.busy[a.Name]
		if last != nil {
			last.again = true
		}
		l.mu.Unlock()
		if last != nil {
			continue
		}
		if t := l.newTask(ctx, a, end); t != nil {
			running.Go(t.run)
		}
	}
}
