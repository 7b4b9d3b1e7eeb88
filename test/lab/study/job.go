package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/learner/train"
)

// job is one training.
type job struct {
	// Source is what it learns from.
	Source source
	// Label distinguishes it from the others of its source and seed: the kind of network
	// or the value of a hyperparameter.
	Label string
	// Options are those of the training, with its seed.
	Options training
}

// newJob returns a job with a seed of its own.
func newJob(s source, label string, o training, seed uint64) job {
	o.Series, o.Graph = s.Series, s.Graph
	o.Learning.Seed = seed
	return job{s, label, o}
}

// String names the job in progress.
func (j job) String() string {
	return fmt.Sprintf("%s, %s, seed %d", j.Source.Name, j.Label, j.Options.Learning.Seed)
}

// key is the same for two jobs that would find the same.
func (j job) key() string {
	o := j.Options
	o.Series, o.Graph = "", ""
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // options are numbers and text
	}
	sum := sha256.Sum256(append(text, j.Source.Content...))
	return hex.EncodeToString(sum[:])[:identity]
}

// record is a finished job, as the JSON file has it.
type record struct {
	Key     string        `json:"key"`
	Dataset string        `json:"dataset"`
	Label   string        `json:"label"`
	Seed    uint64        `json:"seed"`
	Build   string        `json:"build"`
	At      time.Time     `json:"at"`
	Report  *train.Report `json:"report"`
}

// results are the finished jobs of a study by their keys.
type results map[string]record

// of returns the reports of the jobs among them that were done.
func (r results) of(jobs []job) []*train.Report {
	var reports []*train.Report
	for _, j := range jobs {
		if done, ok := r[j.key()]; ok {
			reports = append(reports, done.Report)
		}
	}
	return reports
}

// builds returns the number of programs that the results come from.
func (r results) builds() int {
	seen := map[string]bool{}
	for _, done := range r {
		seen[done.Build] = true
	}
	return len(seen)
}
