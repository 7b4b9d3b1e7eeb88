package placementcheck

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// noticeable is the least change of a share of calls, or of the load of the busiest zone
	// relative to the mean, that is worth a change of settings.
	noticeable = 0.02
	// overload is the load per pod of the busiest zone, relative to the mean, from which
	// PreferSameZone may overload pods.
	overload = 1.5
)

// advise sets what to do, the first step first.
func (r *Report) advise() {
	var services []string
	for _, s := range r.Services {
		if float64(s.Now.Calls) == 0 {
			continue
		}
		if len(s.Routes) == 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("no Service with a cluster IP leads to the pods of %s/%s: calls to it are taken to go to all of them alike", s.Namespace, s.Name))
		}
		for _, name := range lacking(s.Routes) {
			services = append(services, s.Namespace+"/"+name)
		}
	}
	slices.Sort(services)
	services = slices.Compact(services)
	before, after := r.NowSameZone, r.PluginSameZone
	better := before.CrossZone-after.CrossZone > noticeable || before.Busiest-after.Busiest > 0.1 || after.SameNode-before.SameNode > noticeable
	worse := after.CrossZone-before.CrossZone > noticeable || after.Busiest-before.Busiest > 0.1
	move := better && !worse
	routing := len(services) > 0 && (r.Now.CrossZone-before.CrossZone > noticeable || move && r.Plugin.CrossZone-after.CrossZone > noticeable)
	if move {
		gain := fmt.Sprintf("With PreferSameZone on all Services, %.2f → %.2f of the calls cross zones, %.2f → %.2f stay on their node, and the busiest zone has %.2f → %.2f of the mean load per pod",
			before.CrossZone, after.CrossZone, before.SameNode, after.SameNode, before.Busiest, after.Busiest)
		restart := "kubectl rollout restart deployment -n " + strings.Join(r.namespaces(), "; kubectl rollout restart deployment -n ")
		if r.ByScheduler == r.Pods {
			r.Advice = append(r.Advice, fmt.Sprintf("Replace the pods, which %s placed when the cluster was different: %s. %s.", schedulerName, restart, gain))
		} else {
			r.Advice = append(r.Advice, fmt.Sprintf("Have DeepScaler's scheduler place the pods, beside the cluster's own: kubectl apply --server-side -f dist/manifests/scheduler.yaml; kubectl label namespace %s deepscaler.io/placement=enabled; %s. %s.",
				strings.Join(r.namespaces(), " "), restart, gain))
		}
	}
	if routing {
		gain := fmt.Sprintf("%.2f → %.2f of the calls cross zones where the pods are now", r.Now.CrossZone, before.CrossZone)
		if move {
			gain += fmt.Sprintf(", %.2f → %.2f where the plugin would have put them", r.Plugin.CrossZone, after.CrossZone)
		}
		if before.Busiest > overload {
			gain += fmt.Sprintf(". Where they are now, pods of the busiest zone would have %.2f of the mean load: look at their utilisation first", before.Busiest)
			if move {
				gain += ", or wait until the pods have moved"
			}
		}
		r.Advice = append(r.Advice, fmt.Sprintf(`Set trafficDistribution on %s: kubectl patch service NAME -n NAMESPACE --type merge -p '{"spec":{"trafficDistribution":"PreferSameZone"}}'. %s.`,
			strings.Join(services, ", "), gain))
	}
	if len(r.Advice) == 0 {
		r.Advice = []string{"Nothing: neither the plugin nor PreferSameZone would change much."}
	}
}

// namespaces returns those of the services, in order.
func (r *Report) namespaces() (all []string) {
	for _, s := range r.Services {
		all = append(all, s.Namespace)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
