package app

import "math"

func (v *validator) users() {
	u := &v.app.Users
	v.check(len(u.Journeys) > 0, "users.journeys is empty: no service would be called")
	v.distinct("journey", len(u.Journeys), func(i int) string { return u.Journeys[i].Name })
	total := 0.0
	for i := range u.Journeys {
		j := &u.Journeys[i]
		in := "journey " + j.Name
		v.weight(in, j.Weight)
		total += j.Weight
		v.check(len(j.Steps) > 0, "%s has no steps", in)
		for _, s := range j.Steps {
			v.target(in, s.Service, s.Endpoint)
			v.times(in, s.Times)
		}
	}
	v.check(total > 0, "every journey has weight 0")
	v.distinct("mix", len(u.Mixes), func(i int) string { return u.Mixes[i].Name })
	for _, m := range u.Mixes {
		v.check(m.Name != DefaultMix, "mix %q: the default mix is written as the weights of the journeys", m.Name)
		v.weights("mix "+m.Name, m.Weights, func(name string) bool { return u.Journey(name) >= 0 })
	}
	v.distinct("session", len(u.Sessions), func(i int) string { return u.Sessions[i].Name })
	for i := range u.Sessions {
		v.session(&u.Sessions[i])
	}
}

func (v *validator) session(s *Session) {
	in := "session " + s.Name
	v.check(len(s.States) <= maxStates, "%s has more than %d states", in, maxStates)
	v.distinct(in+": state", len(s.States), func(i int) string { return s.States[i].Name })
	known := func(name string) bool { return s.State(name) >= 0 }
	v.weights(in+": start", s.Start, known)
	for _, st := range s.States {
		at := in + ", state " + st.Name
		v.check(v.app.Users.Journey(st.Journey) >= 0, "%s: there is no journey %q", at, st.Journey)
		v.check(max(st.Wait, st.Think) <= maxDuration, "%s: wait and think must be at most %s", at, maxDuration.D())
		if len(st.Next) == 0 {
			continue
		}
		v.weights(at+": next", st.Next, known)
		v.check(st.Wait+st.Think > 0, "%s: a state that others follow needs a wait or a think time above 0", at)
		total := 0.0
		for _, p := range st.Next {
			total += p
		}
		v.check(total <= 1+1e-9, "%s: the probabilities of next sum to %g, above 1", at, total)
	}
}

func (v *validator) weights(in string, weights map[string]float64, known func(string) bool) {
	total := 0.0
	for name, w := range weights {
		v.check(known(name), "%s: %q is not described", in, name)
		v.weight(in, w)
		total += w
	}
	v.check(total > 0, "%s: every weight is 0", in)
}

func (v *validator) weight(in string, w float64) {
	v.check(w >= 0 && w <= 1e9 && !math.IsNaN(w), "%s: a weight must be 0 to 1e9, not %g", in, w)
}

// sizes refuses call cycles, and journeys or sessions that are too long.
func (v *validator) sizes() {
	tree, err := v.app.expand()
	if err != nil {
		v.problems = append(v.problems, err)
		return
	}
	users := &v.app.Users
	for j := range users.Journeys {
		if n := tree.visit(users.Journeys[j].Steps).Calls; n > maxCalls {
			v.check(false, "journey %s makes %.3g calls, at most %d are simulated", users.Journeys[j].Name, n, maxCalls)
		}
	}
	for i := range users.Sessions {
		if _, err := users.SessionMix(&users.Sessions[i]); err != nil {
			v.problems = append(v.problems, err)
		}
	}
}
