package check

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/hpacheck"
	"github.com/deepscaler/deepscaler/adapter/registration"
)

// apis reports who owns the metrics APIs. One that leads to DeepScaler is enough.
func (c *Checker) apis(ctx context.Context) (s *section, owners []registration.API) {
	s = &section{name: "apis"}
	owners, err := c.APIs(ctx)
	if err != nil {
		s.add(Unknown, "metrics APIs", "", "%v", err)
		return s, nil
	}
	ours := false
	for _, a := range owners {
		ours = ours || a.Ours
		switch {
		case a.Service == types.NamespacedName{}:
			s.add(OK, a.Name, "", "nobody registered it")
		case a.Ours && !a.Available:
			s.add(Failed, a.Name, "kubectl describe apiservice "+a.Name, "leads to DeepScaler (%s), but is not available: %s", a.Service, a.Reason)
		case a.Ours:
			s.add(OK, a.Name, "", "leads to DeepScaler (%s) and is available", a.Service)
		default:
			s.add(OK, a.Name, "", "belongs to %s", a.Service)
		}
	}
	if !ours {
		s.add(Failed, "metrics APIs", "kubectl apply --server-side -k manifests/base, or manifests/overlays/custom-metrics beside a server that has the external metrics API",
			"none leads to DeepScaler")
	}
	return s, owners
}

// elsewhere returns the ways that do not lead to DeepScaler, nil when that is not known.
func elsewhere(owners []registration.API) hpacheck.Elsewhere {
	if owners == nil {
		return nil
	}
	away := hpacheck.Elsewhere{}
	for _, way := range []discovery.Way{discovery.External, discovery.Object} {
		if leads(owners, way) {
			continue
		}
		away[way] = "nobody registered its API"
		for _, a := range owners {
			if a.Way == way && a.Service.Name != "" {
				_, group, _ := strings.Cut(a.Name, ".")
				away[way] = fmt.Sprintf("%s belongs to %s", group, a.Service)
			}
		}
	}
	return away
}

// leads reports whether a way leads to DeepScaler.
func leads(owners []registration.API, way discovery.Way) bool {
	for _, a := range owners {
		if a.Way == way && a.Ours {
			return true
		}
	}
	return false
}
