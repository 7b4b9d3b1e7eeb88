package model

import (
	"fmt"

	"github.com/deepscaler/deepscaler/estimator"
)

// absent is the row of a service that the window lacks.
const absent = -1

// directory finds the row of a service in the model, by its full name or else by
// its bare name ([estimator.Service]).
type directory map[estimator.Service]int

func newDirectory(services []string) (directory, error) {
	d := make(directory, len(services))
	for row, service := range services {
		key, err := estimator.ParseService(service)
		if err != nil {
			return nil, err
		}
		d[key] = row
	}
	return d, nil
}

// locate writes the row in the window of every service of the model to rows, and
// returns how many there are.
func (d directory) locate(w *estimator.Window, rows []int) (int, error) {
	for i := range rows {
		rows[i] = absent
	}
	found := 0
	for n, service := range w.Services {
		row, ok := d[service]
		if !ok {
			row, ok = d[estimator.Service{Name: service.Name}]
		}
		if !ok {
			continue
		}
		if other := rows[row]; other != absent {
			return 0, fmt.Errorf("services %v and %v of the window are the same service of the model; train it with namespaces in the names",
				w.Services[other], service)
		}
		rows[row] = n
		found++
	}
	return found, nil
}

// locateChannels writes the channel in the window of every feature of the model.
func locateChannels(w *estimator.Window, features []string, out []int) error {
	for c, feature := range features {
		out[c] = w.Channel(estimator.Feature(feature))
		if out[c] < 0 {
			return fmt.Errorf("the window lacks feature %q, which the model needs; it has %q",
				feature, w.Features)
		}
	}
	return nil
}
