package telemetry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/deepscaler/deepscaler/estimator"
)

// Controllers generate names from the alphabet of
// k8s.io/apimachinery/pkg/util/rand, without vowels, 0, 1 and 3. A random part
// has five characters; a hash is a 32-bit number in decimal, so up to ten.
const (
	hash   = `[bcdfghjklmnpqrstvwxz2456789]{1,10}`
	random = `[bcdfghjklmnpqrstvwxz2456789]{5}`
)

// workloadOfPod takes the name of the workload from the name of a pod: of a
// Deployment or an Argo Rollout <name>-<hash of the ReplicaSet>-<random>, of a
// DeploymentConfig <name>-<version>-<random>, of a StatefulSet <name>-<ordinal>,
// of a ReplicaSet or CloneSet <name>-<random>. The group is lazy and the forms
// come in this order, so the workload of web-5d4f8-22222 is web and not
// web-5d4f8.
const workloadOfPod = `(.+?)(?:-(?:` + hash + `|[0-9]+)-` + random + `|-[0-9]+|-` + random + `)`

// longestBase is the longest part of a generated name before its random part
// (k8s.io/apiserver/pkg/storage/names).
const longestBase = 58

// mayBeHash matches names that end like a hash or a version: the pod of a
// CloneSet with such a name looks like one of a Deployment with a shorter name.
var mayBeHash = regexp.MustCompile(`-(?:` + hash + `|[0-9]+)$`)

// exceptions adds label_replace calls with the workload of pods that
// workloadOfPod does not match.
//
// A Deployment's pod takes <name>-<hash>- cut to 58 characters before the random
// part. With a hash of ten there is no dash from 47 characters on, from 48 on the
// hash is cut, at 57 it is gone, and from 58 on the name is all that is left, or
// what remains of it. Names with the same first 58 characters cannot be
// distinguished.
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

// except sets the workload of the pods that match the pattern. The last of
// several exceptions wins.
func (q *Query) except(workload, pod string) {
	q.Exceptions = "label_replace(" + q.Exceptions
	q.EndExceptions += fmt.Sprintf(",\n  \"workload\", %q, \"pod\", %q)", workload, pod)
}
