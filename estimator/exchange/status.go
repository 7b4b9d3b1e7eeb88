package exchange

import (
	"fmt"
	"path/filepath"
	"time"
)

// Status is what the learner does, application by application.
type Status struct {
	// Version is [Version].
	Version int `json:"version"`
	// Written is the time of writing. The learner writes its status when it changes.
	Written time.Time `json:"written"`
	// Applications are ordered by name.
	Applications []Progress `json:"applications"`
}

// Progress is where the learner is with one application.
type Progress struct {
	// Name is that of the application.
	Name string `json:"name"`
	// State is one of the constants below.
	State State `json:"state"`
	// Detail is the state in a sentence without a full stop, such as "it has 1h of
	// the 3h of history that training needs".
	Detail string `json:"detail"`
	// Next is when the learner looks at the application again; the zero time while it
	// learns.
	Next time.Time `json:"next,omitzero"`
}

// State is what the learner does with an application.
type State string

// The states.
const (
	// Queued means that others are before it.
	Queued State = "queued"
	// Waiting means that there is too little history.
	Waiting State = "waiting"
	// Training means that a model is trained and judged now.
	Training State = "training"
	// Resting means that the last look is over and the next one is due at Next.
	Resting State = "resting"
	// Failed means that the last look ended with an error, and is repeated at Next.
	Failed State = "failed"
)

// WriteStatus writes the status for the adapter.
func (d Dir) WriteStatus(s *Status) error {
	s.Version = Version
	if err := s.Validate(); err != nil {
		return fmt.Errorf("write the status of the learner: %w", err)
	}
	return writeJSON(d.status(), s)
}

// ReadStatus returns the learner's status.
func (d Dir) ReadStatus() (*Status, error) {
	s := new(Status)
	if err := readJSON(d.status(), s, s.Validate); err != nil {
		return nil, fmt.Errorf("read the status of the learner: %w", err)
	}
	return s, nil
}

// status is the name of the file.
const status = "learner.json"

func (d Dir) status() string { return filepath.Join(string(d), status) }

// Validate reports the first fault of the status.
func (s *Status) Validate() error {
	for i, a := range s.Applications {
		if _, err := FileName(a.Name); err != nil {
			return err
		}
		if i > 0 && s.Applications[i-1].Name >= a.Name {
			return fmt.Errorf("application %q is not after the one before it", a.Name)
		}
		switch a.State {
		case Queued, Waiting, Training, Resting, Failed:
		default:
			return fmt.Errorf("application %q has the unknown state %.80q", a.Name, a.State)
		}
	}
	return nil
}
