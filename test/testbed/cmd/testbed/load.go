package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// loadOptions are the flags of the load.
type loadOptions struct {
	rps     float64
	profile string
	file    string
	scale   float64
	mix     string
	session string
	users   float64
	think   float64
	seed    uint64
}

func (o *loadOptions) add(f *pflag.FlagSet) {
	f.Float64Var(&o.rps, "rps", 20, "Requests per second that --profile starts from.")
	f.StringVar(&o.profile, "profile", "constant", "Shape of the load over time, one of\n"+load.Describe())
	f.StringVar(&o.file, "load-file", "", "CSV with the header second,rps (open loop) or second,users (closed loop) in place of --profile and --rps.")
	f.Float64Var(&o.scale, "scale", 1, "Factor on the whole load.")
	f.Float64Var(&o.users, "users", 0, "Number of users who wait for answers and pause, in place of --rps.")
	f.Float64Var(&o.think, "think", 5, "Mean pause of a user between two journeys, in seconds.")
	f.StringVar(&o.mix, "mix", app.DefaultMix, "Mix of journeys, by name in the description; or several with their starting times: 0s=default,30m=checkout-heavy.")
	f.StringVar(&o.session, "session", "", "Session that users go through, by name in the description, in place of --mix.")
	f.Uint64Var(&o.seed, "seed", 1, "Seed of all random numbers.")
}

// build returns the load and, for one in requests per second, its profile.
func (o *loadOptions) build(a *app.Application) (simulation.Load, load.Profile, error) {
	if o.scale <= 0 {
		return nil, nil, fmt.Errorf("--scale is %v, want more than 0", o.scale)
	}
	profile, unit, err := o.read()
	if err != nil {
		return nil, nil, err
	}
	profile = profile.Scale(o.scale)
	if o.session != "" {
		if unit != load.Users {
			return nil, nil, errors.New("--session needs a number of users: --users, or a --load-file with second,users")
		}
		session, err := a.Users.Session(o.session)
		if err != nil {
			return nil, nil, err
		}
		l, err := load.NewSessions(a, session, profile, o.seed)
		return l, nil, err
	}
	weights, changes, err := load.ReadMix(a, o.mix)
	if err != nil {
		return nil, nil, err
	}
	if unit == load.Users {
		l, err := load.NewClosed(weights, o.think, profile, o.seed, changes...)
		return l, nil, err
	}
	l, err := load.NewOpen(a, weights, profile, o.seed, 0, changes...)
	return l, profile, err
}

func (o *loadOptions) read() (load.Profile, load.Unit, error) {
	if o.file != "" {
		f, err := os.Open(o.file)
		if err != nil {
			return nil, "", fmt.Errorf("read load: %w", err)
		}
		defer f.Close()
		return load.ReadCSV(f)
	}
	if o.users > 0 {
		p, err := load.Generate(o.profile, o.users, o.seed)
		return p, load.Users, err
	}
	p, err := load.Generate(o.profile, o.rps, o.seed)
	return p, load.RPS, err
}
