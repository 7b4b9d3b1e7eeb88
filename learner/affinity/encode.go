package affinity

import (
	"bytes"
	"encoding/json"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/history"
)

// csv writes the edges as [history.ReadGraph] reads them.
func (g *graph) csv(b *bytes.Buffer) error {
	services, err := estimator.ParseServices(g.services)
	if err != nil {
		return err
	}
	edges := make([]estimator.Edge, len(g.edges))
	for i, e := range g.edges {
		edges[i] = estimator.Edge{Source: e.source, Destination: e.destination, Weight: e.weight}
	}
	return history.WriteGraph(b, services, edges)
}

// document is the JSON output.
type document struct {
	Services []string       `json:"services"`
	Edges    []documentEdge `json:"edges"`
	Graphs   []member       `json:"graphs"`
	// Missing and Jaccard are present only in a comparison.
	Missing *[]documentEdge `json:"missing,omitempty"`
	Jaccard *float64        `json:"jaccard,omitempty"`
}

type documentEdge struct {
	Source      string  `json:"source"`
	Destination string  `json:"destination"`
	Weight      float64 `json:"weight"`
	Known       *bool   `json:"known,omitempty"`
}

type member struct {
	Name string   `json:"name"`
	Loss *float64 `json:"loss"` // null before the first scoring
}

func (g *graph) json(b *bytes.Buffer) error {
	d := document{Services: g.services, Edges: g.documentEdges(g.edges), Graphs: make([]member, len(g.set))}
	for i, m := range g.set {
		d.Graphs[i].Name = m.Name
		if !math.IsNaN(m.Loss) {
			d.Graphs[i].Loss = &m.Loss
		}
	}
	if c := g.known; c != nil {
		absent := g.documentEdges(c.missing)
		d.Missing, d.Jaccard = &absent, &c.jaccard
	}
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

func (g *graph) documentEdges(edges []edge) []documentEdge {
	out := make([]documentEdge, len(edges))
	for i, e := range edges {
		out[i] = documentEdge{Source: g.services[e.source], Destination: g.services[e.destination], Weight: e.weight}
		if e.status != "" {
			known := e.status != learned
			out[i].Known = &known
		}
	}
	return out
}
