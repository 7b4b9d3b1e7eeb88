package sidecar

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// Reason is why a model is trained, as a label of metrics.
type Reason string

// The reasons, the most urgent first.
const (
	// NoModel means that none serves.
	NoModel Reason = "no model"
	// Misfit means that the serving model does not fit what the adapter asks for.
	Misfit Reason = "misfit"
	// Services means that services have joined or left.
	Services Reason = "services"
	// Accuracy means that the serving model has lost what it was ahead of queueing theory.
	Accuracy Reason = "accuracy"
	// Age means that the serving model is old.
	Age Reason = "age"
	// None means that the serving model is good.
	None Reason = ""
)

// situation is what a decision to train depends on.
type situation struct {
	now         time.Time
	maxAge      time.Duration
	application exchange.Application
	serving     *artifact.Model // nil without one
	misfit      error           // why it cannot serve
	since       *test           // nil if too little came since its training
}

// test is how the serving model did on what came since its training.
type test struct {
	model, hab exchange.Figures
	// ratio is the loss of the model ÷ that of queueing theory when it passed the gate;
	// 0 if unknown.
	ratio float64
}

// lost is by how much that ratio may grow.
const lost = 1.2

// reason decides whether to train, and says why in a sentence without a full stop.
func (s situation) reason() (Reason, string) {
	switch joined, left := s.moved(); {
	case s.serving == nil:
		return NoModel, "there was no model"
	case s.misfit != nil:
		return Misfit, fmt.Sprintf("the model that serves does not fit: %v", s.misfit)
	case len(joined)+len(left) > 0:
		return Services, "services have changed: " + strings.Join(append(joined, left...), ", ")
	}
	if s.since != nil {
		model, hab := s.since.model.Loss, s.since.hab.Loss
		switch {
		case model > hab:
			return Accuracy, fmt.Sprintf("the model that serves has a loss of %.4g on what came since its training, queueing theory of %.4g", model, hab)
		case s.since.ratio > 0 && model > lost*s.since.ratio*hab:
			return Accuracy, fmt.Sprintf("the model that serves has %.2f times the loss of queueing theory on what came since its training, and had %.2f times when it was new",
				model/hab, s.since.ratio)
		}
	}
	if age := s.now.Sub(s.serving.Created); age > s.maxAge {
		return Age, fmt.Sprintf("the model that serves is %v old", age.Round(time.Second))
	}
	return None, "the model that serves is still good"
}

// moved returns the services that have joined and left since the serving model was trained.
func (s situation) moved() (joined, left []string) {
	if s.serving == nil {
		return nil, nil
	}
	for _, service := range s.application.Services {
		if !slices.Contains(s.serving.Services, service.Name) {
			joined = append(joined, service.Name+" has joined")
		}
	}
	for _, name := range s.serving.Services {
		if !slices.ContainsFunc(s.application.Services, func(a exchange.Service) bool { return a.Name == name }) {
			left = append(left, name+" has left")
		}
	}
	return joined, left
}

// servicesOf returns the services of an application.
func servicesOf(a exchange.Application) ([]estimator.Service, error) {
	services := make([]estimator.Service, len(a.Services))
	for i, s := range a.Services {
		var err error
		if services[i], err = estimator.ParseService(s.Name); err != nil {
			return nil, err
		}
	}
	return services, nil
}
