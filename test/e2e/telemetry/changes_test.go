package telemetry

import (
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// owned gives both services names that begin with cut, and their pods owners.
func owned(all []series) []series {
	names := map[string]string{"web": cut + "-one", "cart": cut + "-two"}
	owners := map[string]bool{}
	return each(all, func(s series) []series {
		out := []series{s}
		for label, value := range s.labels {
			if name, ok := names[value]; ok {
				out[0] = out[0].with(label, name)
			}
			service, generated, ok := strings.Cut(value, "-6b7c8d9f4-")
			if !ok || label != "pod" {
				continue
			}
			// The random parts must differ between the two.
			pod := cut + strings.Map(func(r rune) rune { return r + rune(len(service)-3) }, generated)
			out[0] = out[0].with("pod", pod)
			if !owners[value] {
				owners[value] = true
				replicaset := names[service] + "-6b7c8d9f4"
				info := series{value: 1, every: scrapedEvery}
				info.metric = "kube_pod_owner"
				out = append(out, info.with("namespace", s.labels["namespace"], "pod", pod, "owner_kind", "ReplicaSet", "owner_name", replicaset))
				info.metric = "kube_replicaset_owner"
				out = append(out, info.with("namespace", s.labels["namespace"], "replicaset", replicaset, "owner_kind", "Deployment", "owner_name", names[service], "seen_with", pod))
			}
		}
		return out
	})
}

func of(metric string, labels ...string) func(series) bool {
	return func(s series) bool {
		for i := 0; i < len(labels); i += 2 {
			if s.labels[labels[i]] != labels[i+1] {
				return false
			}
		}
		return s.is(metric)
	}
}

// copied returns every series of the metrics twice, told apart by labels.
func copied(prefix string, first, second []string) func([]series) []series {
	return func(all []series) []series {
		return each(all, func(s series) []series {
			if !s.is(prefix) {
				return []series{s}
			}
			return []series{s.with(first...), s.with(second...)}
		})
	}
}

// reported replaces who reports requests.
func reported(by string) func([]series) []series {
	return func(all []series) []series {
		return each(all, func(s series) []series {
			if s.is("istio") {
				s = s.with("reporter", by)
			}
			return []series{s}
		})
	}
}

// clusters are two clusters of one backend.
func clusters(all []series) []series {
	return each(all, func(s series) []series {
		west := s.with("cluster", "west")
		if s.is("kube_deployment") {
			west.value = 6
		}
		return []series{s.with("cluster", "east"), west}
	})
}

// sampledEvery makes samples of the metrics rarer.
func sampledEvery(prefix string, every time.Duration) func([]series) []series {
	return func(all []series) []series {
		return each(all, func(s series) []series {
			if s.is(prefix) {
				s.every = every
			}
			return []series{s}
		})
	}
}

// late ends series of the metrics earlier.
func late(prefix string, by time.Duration) func([]series) []series {
	return func(all []series) []series {
		return each(all, func(s series) []series {
			if s.is(prefix) {
				s.missing = by
			}
			return []series{s}
		})
	}
}

func preset(name string) func(*telemetry.Config) {
	return func(c *telemetry.Config) { c.Preset = name }
}

// sidecar adds a container with a limit that uses a share of it.
func sidecar(limit, used float64, saturated float64) func([]series) []series {
	return func(all []series) []series {
		return each(all, func(s series) []series {
			out := []series{s}
			if s.labels["container"] == "app" {
				beside := s.with("container", "log-shipper")
				switch {
				case s.is("container_cpu"):
					beside.perSecond = limit * used
					out[0].perSecond = 0.5 * saturated
				case s.is("container_spec_cpu_quota"):
					beside.value = limit * 1e5
				case of("kube_pod", "resource", "cpu")(s):
					beside.value = limit
				}
				out = append(out, beside)
			}
			return out
		})
	}
}
