package telemetry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/deepscaler/deepscaler/estimator"
)

// What controllers add to names comes from the alphabet of
// k8s.io/apimachinery/pkg/util/rand, which has no vowels and no 0, 1 and 3. A
// random part has five characters; a hash is a 32-bit number in decimal, so up
// to ten.
const (
	hash   = `[bcdfghjklmnpqrstvwxz2456789]{1,10}`
	random = `[bcdfghjklmnpqrstvwxz2456789]{5}`
)

// workloadOfPod takes the name of the workload from the name of a pod: of a
// Deployment or an Argo Rollout <name>-<hash of the ReplicaSet>-<random>, of a
// DeploymentConfig <name>-<version>-<random>, of a StatefulSet <name>-<ordinal>,
// of a ReplicaSet or CloneSet <name>-<random>. The group is lazy and they come in
// this order: of web-5d4f8-22222 it is web and not web-5d4f8 that is the
// workload.
const workloadOfPod = `(.+?)(?:-(?:` + hash + `|[0-9]+)-` + random + `|-[0-9]+|-` + random + `)`

// longestBase is what remains of a generated name before its random part
// (k8s.io/apiserver/pkg/storage/names).
const longestBase = 58

// mayBeHash finds names that end like a hash or a version: the pod of a CloneSet
// of that name looks like one of a Deployment with a shorter name.
var mayBeHash = regexp.MustCompile(`-(?:` + hash + `|[0-9]+)$`)

// exceptions adds label_replace calls that name the workload of pods which
// workloadOfPod does not find.
//
// A Deployment's pod takes <name>-<hash>- cut to 58 characters before the random
// part. With a hash of ten there is no dash from 47 characters on, from 48 on
// the hash is cut, at 57 it is gone, and from 58 on the name is all that is left,
// or what remains of it. Names of which the first 58 characters are the same
// cannot be told apart.
func (q *Query) exceptions(services []estimator.Service) {
	var whole, cut []string
	for _, s := range services {
		switch {
		case len(s.Name) >= longestBase:
			cut = append(cut, s.Name)
		case len(s.Name)+len("-0123456789-") > longestBase, mayBeHash.MatchString(s.Name):
			whole = append(whole, regexp.QuoteMeta(s.Name))
		}
	}
	if len(whole) > 0 {
		slices.Sort(whole)
		q.except("$1", `(`+strings.Join(slices.Compact(whole), "|")+`)-(?:`+hash+`)?-?`+random)
	}
	slices.Sort(cut)
	for _, name := range slices.Compact(cut) {
		q.except(name, regexp.QuoteMeta(name[:longestBase])+random)
	}
}

// except names the workload of the pods that the pattern matches. The last of
// several exceptions holds.
func (q *Query) except(workload, pod string) {
	q.Exceptions = "label_replace(" + q.Exceptions
	q.EndExceptions += fmt.Sprintf(",\n  \"workload\", %q, \"pod\", %q)", workload, pod)
}
