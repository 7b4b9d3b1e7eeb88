package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// median returns the round whose processor time per read is in the middle.
func median(rounds []result) result {
	rounds = slices.Clone(rounds)
	slices.SortFunc(rounds, func(a, b result) int { return cmp.Compare(a.perRead(), b.perRead()) })
	return rounds[len(rounds)/2]
}

// report prints the round in the middle, by way and side, and how many reads per core the first
// side answers for each of another.
func (b *bench) report(out io.Writer, results map[string]map[string][]result) error {
	fmt.Fprintf(out, "%d services, %d rounds of %v, the round in the middle:\n\n", len(b.application.Services), b.rounds, b.duration)
	fmt.Fprintln(out, "| reads | by | reads/s | p50 ms | p99 ms | refused | core-ms per read | DeepScaler's reads per core |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|")
	for _, way := range b.ways() {
		ours := median(results[way.name][b.sides[0].name])
		for _, s := range b.sides {
			r := median(results[way.name][s.name])
			if _, err := fmt.Fprintf(out, "| %s | %s | %.0f | %.1f | %.1f | %.1f %% | %.3f | %.1f × |\n",
				way.name, s.name, r.perSecond(), r.quantile(0.5), r.quantile(0.99), r.refusedShare(), r.perRead(), r.perRead()/ours.perRead()); err != nil {
				return err
			}
		}
	}
	return nil
}
