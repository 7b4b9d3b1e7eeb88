// Package explain shows why services get the replicas that they get. It does so over HTTP, to
// whoever may read the metric, as JSON and in words.
//
// A request for the external metric with explain=true in its query is answered with a
// [Document] about the services that its selector matches:
//
//	kubectl get --raw "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/deepscaler_desired_replicas?explain=true"
//
// The custom metrics API answers the same, where another server has the external one, with
// * for objects of all kinds or for all objects of a kind:
//
//	kubectl get --raw "/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/*/*/deepscaler_desired_replicas?explain=true"
//
// It is the same resource in the eyes of Kubernetes, so the rights are those of the
// metric. With explain=full, services also have their inputs, forecasts and neighbours.
package explain

import (
	"encoding/json"
	"math"
	"time"
)

// Document describes services of one namespace and their applications.
type Document struct {
	// Version of the adapter that answers.
	Version string `json:"version"`
	// Now is the time of the answer, and Step the time between two plans.
	Now  time.Time `json:"now"`
	Step Duration  `json:"step"`
	// Applications are those of the services, ordered by name.
	Applications []Application `json:"applications"`
	// Services are ordered by name.
	Services []Service `json:"services"`
}

// Application is the state of the services that are estimated jointly.
type Application struct {
	Name string `json:"name"`
	// Planned is when the last plan was made; zero before the first.
	Planned time.Time `json:"planned,omitzero"`
	// Model is the hash of the serving model; "" without one.
	Model string `json:"model,omitempty"`
	// Trained is when its training ended.
	Trained time.Time `json:"trained,omitzero"`
	// Problem is why the last tick made no plan; "" if it made one.
	Problem string `json:"problem,omitempty"`
	// Trust is how far the model is believed; nil without one.
	Trust *Trust `json:"trust,omitempty"`
	// Learning is what the learner does. Only the replica that leads has it.
	Learning *Learning `json:"learning,omitempty"`
	// Recent is the trust at the last steps, in the order of time. Only in full documents.
	Recent []Moment `json:"recent,omitempty"`
	// Calls and Affinity are the relations between services of the namespace. Only in full
	// documents.
	Calls    []Link `json:"calls,omitempty"`
	Affinity []Link `json:"affinity,omitempty"`
}

// Learning is where the learner is with an application.
type Learning struct {
	// State is queued, waiting, training, resting or failed, and Detail the same in words.
	State  string `json:"state"`
	Detail string `json:"detail"`
	// Next is when it looks at the application again; zero while it learns.
	Next time.Time `json:"next,omitzero"`
}

// Trust is how far the model of an application is believed.
type Trust struct {
	// Value is from 0 to 1, and Level what follows: full, cautious or none.
	Value Number `json:"value"`
	Level string `json:"level"`
	// Reason completes a sentence with "because".
	Reason string `json:"reason"`
	// Violations is the share of the recent steps in which the SLO was broken, and Outside
	// how far the application is out of the range of the training, from 0 to 1.
	Violations Number `json:"violations"`
	Outside    Number `json:"outside"`
	// Hindcasts are those behind it, in the order of time.
	Hindcasts []Hindcast `json:"hindcasts,omitempty"`
}

// Hindcast compares forecasts from an earlier step with what came, in replicas.
type Hindcast struct {
	Made          time.Time `json:"made"`
	Needed        float64   `json:"needed"`
	Missing       float64   `json:"missing"`
	Spare         float64   `json:"spare"`
	TheoryMissing float64   `json:"theoryMissing"`
	TheorySpare   float64   `json:"theorySpare"`
}

// Link is a relation between two services: calls per second, or an entry of the learned
// affinity matrix.
type Link struct {
	Source      string  `json:"source"`
	Destination string  `json:"destination"`
	Value       float64 `json:"value"`
}

// Service is what is known about one service.
type Service struct {
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
	Application string `json:"application"`
	// Desired is the planned number, which the metric has; nil if it is an error.
	Desired *int `json:"desired"`
	// Served is the number that the metric has instead in shadow mode; nil otherwise.
	Served *int `json:"served,omitempty"`
	// Need is the fractional need within the lead time, before rounding and bounds.
	Need Number `json:"need"`
	// Ready is the number of ready pods at the last step.
	Ready Number `json:"ready"`
	// Min and Max are the bounds of the autoscaler, and Clamp names the limit that
	// decided: none, min, max or pods.
	Min   int    `json:"min"`
	Max   int    `json:"max"`
	Clamp string `json:"clamp,omitempty"`
	// Estimator made the forecast: network, hab or mmn; "" if none could. Model is the
	// hash of the trained model that it ran.
	Estimator string `json:"estimator,omitempty"`
	Model     string `json:"model,omitempty"`
	// Problem is the error that the metric has; "" if it has a number.
	Problem string `json:"problem,omitempty"`
	// Detail is what the number rests on. Only in full documents.
	Detail *Detail `json:"detail,omitempty"`
}

// Number is a number that may be unknown: NaN, which is null in JSON.
type Number float64

// MarshalJSON implements [json.Marshaler].
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	return json.Marshal(math.Round(float64(n)*1e6) / 1e6)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (n *Number) UnmarshalJSON(text []byte) error {
	v := math.NaN()
	if string(text) != "null" {
		if err := json.Unmarshal(text, &v); err != nil {
			return err
		}
	}
	*n = Number(v)
	return nil
}

// Known reports whether it is a finite number.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// Duration is written as text, such as "15s".
type Duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}
