package process

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
)

// The range lies below the ports that Linux and macOS give to outgoing
// connections and below the node ports of Kubernetes, so that nothing takes a port
// between its choice and its use.
const (
	firstPort  = 20000
	portBlocks = 150
	blockSize  = 64
)

// ErrNoPort reports that every port of the range is in use.
var ErrNoPort = errors.New("no free port on 127.0.0.1 between 20000 and 29600; stop other clusters")

// Ports hands out free ports of 127.0.0.1. Each Ports owns a block of 64 as long
// as it listens on the first of them, so two of them, in one program or in several,
// never hand out the same port. Its methods may be called from several goroutines.
type Ports struct {
	claim net.Listener
	mu    sync.Mutex
	next  int
	end   int
}

// ClaimPorts takes the first free block; ErrNoPort if there is none.
func ClaimPorts() (*Ports, error) {
	for block := range portBlocks {
		first := firstPort + block*blockSize
		claim, err := listen(first)
		if err == nil {
			return &Ports{claim: claim, next: first + 1, end: first + blockSize}, nil
		}
	}
	return nil, ErrNoPort
}

// Next returns a free port that it has not returned before.
func (p *Ports) Next() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.next < p.end {
		port := p.next
		p.next++
		probe, err := listen(port)
		if err != nil {
			continue
		}
		if err := probe.Close(); err != nil {
			return 0, fmt.Errorf("probe port %d: %w", port, err)
		}
		return port, nil
	}
	return 0, ErrNoPort
}

// Close gives the block back. A second call does nothing.
func (p *Ports) Close() error {
	if err := p.claim.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("give back ports: %w", err)
	}
	return nil
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}
