package app

import (
	"fmt"
	"slices"
)

// Service returns the position of the service of that name in a.Services, or -1.
func (a *Application) Service(name string) int {
	return slices.IndexFunc(a.Services, func(s Service) bool { return s.Name == name })
}

// Endpoint finds an endpoint by the names of its service and its own.
func (a *Application) Endpoint(service, endpoint string) (*Endpoint, bool) {
	s := a.Service(service)
	if s < 0 {
		return nil, false
	}
	for i := range a.Services[s].Endpoints {
		if e := &a.Services[s].Endpoints[i]; e.Name == endpoint {
			return e, true
		}
	}
	return nil, false
}

// ServiceNames returns the names in the order of a.Services.
func (a *Application) ServiceNames() []string {
	names := make([]string, len(a.Services))
	for i := range a.Services {
		names[i] = a.Services[i].Name
	}
	return names
}

// Mix returns the weight of every journey, in their order, in the mix of that
// name; "" and [DefaultMix] are the weights beside the journeys.
func (u *Users) Mix(name string) ([]float64, error) {
	weights := make([]float64, len(u.Journeys))
	if name == "" || name == DefaultMix {
		for i, j := range u.Journeys {
			weights[i] = j.Weight
		}
		return weights, nil
	}
	known := []string{DefaultMix}
	for _, m := range u.Mixes {
		if m.Name == name {
			for i, j := range u.Journeys {
				weights[i] = m.Weights[j.Name]
			}
			return weights, nil
		}
		known = append(known, m.Name)
	}
	return nil, fmt.Errorf("there is no mix %q, only %q", name, known)
}

// Session returns the session of that name.
func (u *Users) Session(name string) (*Session, error) {
	known := make([]string, 0, len(u.Sessions))
	for i := range u.Sessions {
		if u.Sessions[i].Name == name {
			return &u.Sessions[i], nil
		}
		known = append(known, u.Sessions[i].Name)
	}
	return nil, fmt.Errorf("there is no session %q, only %q", name, known)
}

// Journey returns the position of the journey of that name, or -1.
func (u *Users) Journey(name string) int {
	return slices.IndexFunc(u.Journeys, func(j Journey) bool { return j.Name == name })
}

// State returns the position of the state of that name, or -1.
func (s *Session) State(name string) int {
	return slices.IndexFunc(s.States, func(st State) bool { return st.Name == name })
}
