package app

import (
	"fmt"
	"math"
	"time"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Duration is a time.Duration written as Go writes it: 5.85ms, 2s, 1h30m.
type Duration time.Duration

// D returns d as a time.Duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

// UnmarshalYAML implements [yaml.Unmarshaler].
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: %q is not a duration; write it like 250ms or 1m30s", n.Line, n.Value)
	}
	if v < 0 {
		return fmt.Errorf("line %d: a duration cannot be negative, %s is", n.Line, n.Value)
	}
	*d = Duration(v)
	return nil
}

// CPU is an amount of CPU in cores, written as a Kubernetes quantity: 200m, 1.5.
type CPU float64

// UnmarshalYAML implements [yaml.Unmarshaler].
func (c *CPU) UnmarshalYAML(n *yaml.Node) error {
	q, err := quantity(n)
	if err != nil {
		return err
	}
	*c = CPU(q.AsApproximateFloat64())
	return nil
}

// Bytes is an amount of memory, written as a Kubernetes quantity: 128Mi, 1G.
type Bytes int64

// UnmarshalYAML implements [yaml.Unmarshaler].
func (b *Bytes) UnmarshalYAML(n *yaml.Node) error {
	q, err := quantity(n)
	if err != nil {
		return err
	}
	*b = Bytes(q.Value())
	return nil
}

// quantityLimit keeps quantities far from the edge of integers and floats.
const quantityLimit = 1 << 50

func quantity(n *yaml.Node) (resource.Quantity, error) {
	q, err := resource.ParseQuantity(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		return q, fmt.Errorf("line %d: %q is not a quantity; write it like 200m or 128Mi", n.Line, n.Value)
	}
	if v := q.AsApproximateFloat64(); v < 0 || v > quantityLimit {
		return q, fmt.Errorf("line %d: %s is out of range", n.Line, n.Value)
	}
	return q, nil
}

// Positive is a finite number above 0; the zero value means "not given".
type Positive float64

// Or returns p, or other when p is not given.
func (p Positive) Or(other float64) float64 {
	if p == 0 {
		return other
	}
	return float64(p)
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (p *Positive) UnmarshalYAML(n *yaml.Node) error {
	var v float64
	if err := n.Decode(&v); err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v <= 0 {
		return fmt.Errorf("line %d: %q must be a number above 0; omit the field if nothing is to happen", n.Line, n.Value)
	}
	*p = Positive(v)
	return nil
}
