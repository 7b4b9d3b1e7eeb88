package process

import (
	"errors"
	"net"
	"strconv"
	"testing"
)

func TestPortsOfTwoOwnersDiffer(t *testing.T) {
	seen := map[int]bool{}
	for range 2 {
		ports, err := ClaimPorts()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ports.Close() })
		for range 20 {
			port, err := ports.Next()
			if err != nil {
				t.Fatal(err)
			}
			if seen[port] {
				t.Errorf("port %d was handed out twice", port)
			}
			seen[port] = true
		}
	}
}

func TestPortsInUseAreLeftOut(t *testing.T) {
	ports, err := ClaimPorts()
	if err != nil {
		t.Fatal(err)
	}
	defer ports.Close()
	first, err := ports.Next()
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+1)))
	if err != nil {
		t.Fatalf("listen on a port of an owned block: %v", err)
	}
	defer taken.Close()
	next, err := ports.Next()
	if err != nil {
		t.Fatal(err)
	}
	if next == first+1 {
		t.Errorf("port %d was handed out although somebody listens on it", next)
	}
}

func TestABlockRunsOut(t *testing.T) {
	ports, err := ClaimPorts()
	if err != nil {
		t.Fatal(err)
	}
	defer ports.Close()
	for range blockSize {
		if _, err = ports.Next(); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrNoPort) {
		t.Errorf("got %v, want ErrNoPort", err)
	}
}
