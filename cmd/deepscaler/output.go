package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/pflag"
)

// output is the format in which a command reports: for people, under a name that depends
// on the command, or json.
type output struct{ people, chosen string }

func (o *output) addFlag(fs *pflag.FlagSet) {
	fs.StringVarP(&o.chosen, "output", "o", o.people, fmt.Sprintf("Format: %s or json.", o.people))
}

func (o *output) validate() error {
	if o.chosen != o.people && o.chosen != "json" {
		return fmt.Errorf("--output is %q, want %s or json", o.chosen, o.people)
	}
	return nil
}

// write reports what was found as JSON, or by calling people.
func (o *output) write(w io.Writer, found any, people func(io.Writer) error) error {
	if o.chosen != "json" {
		return people(w)
	}
	return writeJSON(w, found)
}

// writeJSON writes v for people and scripts.
func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
