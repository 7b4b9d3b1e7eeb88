// Package workload makes the loads of the lab from one string of a command line, such
// as "sequence", "day:period=2h,noise=0.1", "bursts:mix=default>checkout-heavy" or
// "trace.csv".
//
// A [Generator] is a kind of load with its parameters, a [Span] a part of it: a seed and
// a time from its beginning. What recurs (the shape of a day, the times of peaks) belongs
// to the generator; noise and chance belong to the seed. A learned autoscaler is
// trained on one span and tested on another, and [Generator.CheckApart] refuses spans
// that share anything but what recurs.
package workload
