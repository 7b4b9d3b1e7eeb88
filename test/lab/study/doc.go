// Study repeats the experiments behind the documentation of the
// learner: how accurate the networks are, what their hyperparameters do, and
// what learning costs. All of it runs on one machine, without a cluster.
//
//	# Three applications of the testbed, three networks, five seeds
//	go run ./test/lab/study accuracy --out accuracy.md
//
//	# A recorded series
//	go run ./test/lab/study accuracy --series boutique.csv --graph calls.csv \
//	  --target requests --name "Online Boutique" --out boutique.md
//
//	# One hyperparameter at a time, or one of them only
//	go run ./test/lab/study hyperparameters --app online-boutique --out hyperparameters.md
//	go run ./test/lab/study hyperparameters --only hidden --only batch
//
//	# 1,000 samples of 41 services: core-seconds and memory
//	go run ./test/lab/study adaptive
//
//	# The telemetry that the studies of an application learn from
//	go run ./test/lab/study telemetry --app train-ticket --data data
//
// # How it works
//
// Every run is a training by package train, which is deepscaler train, in a
// process of its own, so that processor time and memory are those of the run
// alone. Memory is never less than the few MiB of study itself. The flags of deepscaler train are flags here too.
//
// A finished run is a line of the JSON file at once, and the table is written
// anew after each. A study that was interrupted, called again with the same
// flags, does what is left; runs are recognised by their options and the
// contents of their files. Changes of the program do not count: a note
// under the table reports runs of different builds, and a new JSON
// file starts afresh.
//
// # Telemetry
//
// Without --series, the testbed simulates an application for --hours, under a
// load that goes through the patterns of Fig. 8a of the paper in random order,
// and with replicas that follow utilisation: for each service, every step, those
// that bring it to 60 %, two steps late. These replicas are what is to be
// predicted. The files stay in --data and are made once.
//
// # What all kinds share
//
// All kinds of network learn from the same samples, scaled alike, with the same
// optimiser, loss and schedule of the learning rate, and go through the training
// part equally often: a pass that deepscaler spends on its graph, dcrnn and
// tgcn, whose graph is the call graph, spend on their parameters.
package main
