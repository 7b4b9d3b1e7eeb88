package app

// DefaultMix is the name of the mix with the weights beside the journeys.
const DefaultMix = "default"

// Users describes how users use an application.
type Users struct {
	// Journeys are the actions of a user, each a few requests in a row.
	Journeys []Journey `yaml:"journeys"`
	// Mixes are alternative weights of the journeys (Fig. 8b, Fig. 11 of the
	// paper), by name; a journey that a mix leaves out has weight 0 in it.
	Mixes []Mix `yaml:"mixes,omitempty"`
	// Sessions are Markov chains over journeys, by name: a checkout that follows a
	// browse minutes later is a dependency between services that no trace shows.
	Sessions []Session `yaml:"sessions,omitempty"`
}

// Journey is one user action.
type Journey struct {
	// Name is unique among the journeys.
	Name string `yaml:"name"`
	// Weight is its share in the default mix, relative to the others.
	Weight float64 `yaml:"weight"`
	// Steps are requests from outside, each sent when the previous one is
	// answered, successfully or not.
	Steps []Step `yaml:"steps"`
}

// Step is one request that a user sends, repeated Times (see [Call]).
type Step struct {
	Service  string   `yaml:"service"`
	Endpoint string   `yaml:"endpoint"`
	Times    Positive `yaml:"times,omitempty"`
}

// Mix is a weighting of journeys.
type Mix struct {
	Name    string             `yaml:"name"`
	Weights map[string]float64 `yaml:"weights"`
}

// Session is a Markov chain over journeys.
type Session struct {
	Name string `yaml:"name"`
	// Start is the weight of every state as the first one.
	Start map[string]float64 `yaml:"start"`
	// States of the chain.
	States []State `yaml:"states"`
}

// State is one state of a session.
type State struct {
	Name string `yaml:"name"`
	// Journey starts on entering the state.
	Journey string `yaml:"journey"`
	// Wait is how long everybody pauses before the next state, such as on the page of a
	// waiting room, and Think the mean of the exponential pause after it.
	Wait  Duration `yaml:"wait,omitempty"`
	Think Duration `yaml:"think,omitempty"`
	// Next has the probability of every following state; the rest up to 1 is
	// the probability that the session ends here.
	Next map[string]float64 `yaml:"next,omitempty"`
}
