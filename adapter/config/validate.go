package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Longer windows and forecasts add cost but no information about the next
// minutes.
const (
	maxLeadTime = time.Hour
	maxWindow   = 1000
)

// problems collects errors that start with the path of a field.
type problems []error

func (p *problems) add(path, format string, args ...any) {
	*p = append(*p, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

// addAll adds the errors that err joins under a common path.
func (p *problems) addAll(path string, err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			p.addAll(path, e)
		}
		return
	}
	*p = append(*p, fmt.Errorf("%s.%w", path, err))
}

// Validate reports every invalid field and every contradiction between fields.
func (a *Adapter) Validate() error {
	var p problems
	switch {
	case a.Step < time.Second || a.Step > maxLeadTime || a.Step%time.Second != 0:
		p.add("step", "is %v, want whole seconds (the metric reports it as windowSeconds) up to %v, such as 15s", a.Step, maxLeadTime)
	case a.Settle < 0 || a.Settle >= a.Step/2:
		p.add("settle", "is %v, want at least 0s and less than half of step (%v)", a.Settle, a.Step)
	}
	if a.Window < 2 || a.Window > maxWindow {
		p.add("window", "is %d steps, want at least 2, since a trend needs two points, and at most %d", a.Window, maxWindow)
	}
	validateNamespaces(&p, "namespaces", a.Namespaces)
	if a.APIs != ExternalAPI && a.APIs != CustomAPI && a.APIs != BothAPIs {
		p.add("apis", "is %q, want external, custom or both", a.APIs)
	}
	a.Delegate.validate(&p, a.APIs)
	p.addAll("telemetry", a.Telemetry.Validate())
	if a.Telemetry.RateWindow < a.Step {
		p.add("telemetry.rateWindow", "is %v, want at least step (%v), or requests between two windows are lost",
			a.Telemetry.RateWindow, a.Step)
	}
	a.validateSettings(&p)
	a.Models.validate(&p)
	p.addAll("learner", a.Learner.Validate())
	a.Certificates.validate(&p)
	return errors.Join(p...)
}

func validateNamespaces(p *problems, path string, namespaces []string) {
	seen := map[string]bool{}
	for i, ns := range namespaces {
		path := fmt.Sprintf("%s[%d]", path, i)
		if why := validation.IsDNS1123Label(ns); len(why) > 0 {
			p.add(path, "%q is not a namespace: %s", ns, strings.Join(why, ", "))
		}
		if seen[ns] {
			p.add(path, "%q occurs twice", ns)
		}
		seen[ns] = true
	}
}

func (a *Adapter) validateSettings(p *problems) {
	a.Defaults.validate(p, "defaults", a.Step)
	seen := map[string]bool{}
	for i, o := range a.Applications {
		path := fmt.Sprintf("applications[%d]", i)
		switch why := validation.IsValidLabelValue(o.Name); {
		case o.Name == "":
			p.add(path+".name", "is required: the namespace, or the value of the annotation deepscaler.io/application")
		case len(why) > 0:
			p.add(path+".name", "%q cannot be the value of a label: %s", o.Name, strings.Join(why, ", "))
		case seen[o.Name]:
			p.add(path+".name", "%q occurs twice: put all of its settings into one entry", o.Name)
		}
		seen[o.Name] = true
		validateNamespaces(p, path+".namespaces", o.Namespaces)
		o.apply(a.Defaults).validate(p, path, a.Step)
	}
}

func (s Settings) validate(p *problems, path string, step time.Duration) {
	if s.LeadTime < step || s.LeadTime > maxLeadTime {
		p.add(path+".leadTime", "is %v, want at least step (%v), since a decision has no effect before the next one, and at most %v",
			s.LeadTime, step, maxLeadTime)
		s.LeadTime = maxLeadTime
	}
	if s.NodeStart < 0 || s.NodeStart > maxLeadTime {
		p.add(path+".nodeStart", "is %v, want at most %v, or 0s for no nodes in advance", s.NodeStart, maxLeadTime)
	}
	if s.SLO == 0 && s.SLOPercentile != 0 {
		p.add(path+".sloPercentile", "is %v but slo is not set: set slo too, or remove it", s.SLOPercentile)
	}
	if !(s.Quantile >= 0 && s.Quantile < 1) {
		p.add(path+".quantile", "is %v, want a number between 0 and 1, or 0 for the lowest that the model was trained for", s.Quantile)
	}
	if hex := strings.Trim(s.Model, "0123456789abcdef") == ""; s.Model != "" && s.Model != "none" && (!hex || len(s.Model) < 8 || len(s.Model) > 64) {
		p.add(path+".model", "is %q, want the first 8 hex digits of a model's hash or more, none, or nothing for the newest", s.Model)
	}
	if s.Mode != "active" && s.Mode != "shadow" {
		p.add(path+".mode", "is %q, want active or shadow", s.Mode)
	}
	p.addAll(path, s.Queueing().Validate())
	p.addAll(path, s.Plan().Validate())
}

func (d Delegate) validate(p *problems, apis APIs) {
	if d.URL == "" {
		if (d != Delegate{Timeout: d.Timeout}) {
			p.add("delegate", "has no url: set it, or remove the other fields")
		}
		return
	}
	if u, err := url.Parse(d.URL); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		p.add("delegate.url", "is not the base of a server with https, such as https://keda-operator-metrics-apiserver.keda.svc; credentials belong into files")
	}
	if (d.CertFile == "") != (d.KeyFile == "") {
		p.add("delegate", "certFile and keyFile belong together")
	}
	if d.Timeout <= 0 || d.Timeout > time.Minute {
		p.add("delegate.timeout", "is %v, want more than 0s and at most 1m, since the HPA controller waits for the answer", d.Timeout)
	}
	if !apis.External() {
		p.add("delegate", "is for external metrics, but apis is %s: set it to external or both", apis)
	}
}

func (m Models) validate(p *problems) {
	if m.Namespace != "" {
		if why := validation.IsDNS1123Label(m.Namespace); len(why) > 0 {
			p.add("models.namespace", "%q is no namespace: %s", m.Namespace, strings.Join(why, ", "))
		}
	}
	if why := validation.IsDNS1123Subdomain(m.Lease); len(why) > 0 {
		p.add("models.lease", "%q is no name of an object: %s", m.Lease, strings.Join(why, ", "))
	}
	if m.MaxBytes < 1<<10 || m.MaxBytes > 1<<30 {
		p.add("models.maxBytes", "is %d, want 1 KiB to 1 GiB", m.MaxBytes)
	}
	if !m.Serve && (m.Exchange != "" || m.Directory != "") {
		p.add("models", "serve is false, but exchange or directory is set: remove them, or set serve to true")
	}
}

func (c Certificates) validate(p *problems) {
	for _, f := range []struct{ path, name string }{
		{"certificates.secret", c.Secret},
		{"certificates.service", c.Service},
	} {
		if why := validation.IsDNS1123Subdomain(f.name); len(why) > 0 {
			p.add(f.path, "%q is not the name of an object: %s", f.name, strings.Join(why, ", "))
		}
	}
	if c.Namespace != "" {
		if why := validation.IsDNS1123Label(c.Namespace); len(why) > 0 {
			p.add("certificates.namespace", "%q is not a namespace: %s", c.Namespace, strings.Join(why, ", "))
		}
	}
}
