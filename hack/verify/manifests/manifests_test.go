package manifests_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/deepscaler/deepscaler/adapter"
	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/hack/verify/manifests"
	"github.com/deepscaler/deepscaler/learner/sidecar"
)

const base = "base"

// TestManifests shares one control plane, because a start takes seconds. The
// subtests are in the order in which a platform team would come to need them.
func TestManifests(t *testing.T) {
	dirs, err := manifests.Kustomizations(root + "/manifests")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(dirs, base) || len(dirs) < 5 {
		t.Fatalf("found only the kustomizations %v", dirs)
	}
	s := startSite(t)
	for _, dir := range dirs {
		t.Run(dir, func(t *testing.T) { s.testKustomization(t, dir) })
	}
	t.Run("autoscaler of the README", s.testReadme)
	t.Run("validation is strict", s.testValidationIsStrict)
	t.Run("rules and dashboard are PromQL", s.testQueries)
	t.Run("generated autoscalers", s.testGenerated)
	t.Run("minimal Prometheus", s.testMinimalPrometheus)
	t.Run("chart", s.testChart)
	// These two apply for real; the second goes on from the first.
	t.Run("rights with cert-manager", s.testRightsWithCertManager)
	t.Run("rights of the base", s.testRightsOfBase)
	t.Run("rights of the scheduler", s.testRightsOfScheduler)
	t.Run("capacity buffers", s.testCapacityBuffers)
	t.Run("restricted pods", s.testRestrictedPods)
	t.Run("check of the base", s.testCheck)
	t.Run("applying again keeps the certificate", s.testApplyAgain)
}

func (s *site) testKustomization(t *testing.T, dir string) {
	stream, objects := s.render(t, dir)
	for _, object := range objects {
		// Dry runs store nothing, the namespace of the other objects neither.
		if namespace := object.GetNamespace(); namespace != "" {
			_, _ = s.kubectl(t.Context(), nil, "create", "namespace", namespace)
		}
		if object.GetKind() == "Deployment" && object.GetName() == deployed {
			testFlags(t, object)
		}
		if object.GetKind() == "APIService" {
			if insecure, _, _ := unstructured.NestedBool(object.Object, "spec", "insecureSkipTLSVerify"); insecure {
				t.Errorf("APIService %s trusts whoever answers", object.GetName())
			}
		}
		if text, ok, _ := unstructured.NestedString(object.Object, "data", "config.yaml"); ok {
			if _, err := config.Decode([]byte(text)); err != nil {
				t.Errorf("the adapter would refuse its configuration: %v", err)
			}
		}
	}
	if err := s.dryRun(t.Context(), stream); err != nil {
		t.Error(err)
	}
}

// testReadme applies the autoscaler that users are told to copy.
func (s *site) testReadme(t *testing.T) {
	readme, err := os.ReadFile(root + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```yaml\n")
	hpa, _, found := strings.Cut(rest, "```\n")
	if !found || !strings.Contains(hpa, "kind: HorizontalPodAutoscaler") {
		t.Fatal("the README has no autoscaler as its first YAML block")
	}
	if err := s.dryRun(t.Context(), []byte(hpa)); err != nil {
		t.Error(err)
	}
}

// testProbe makes sure that the probe of the learner asks about the folder that it writes to.
func testProbe(t *testing.T, deployment *unstructured.Unstructured, exchange string) {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "initContainers")
	if err != nil {
		t.Fatal(err)
	}
	command, _, err := unstructured.NestedStringSlice(containers[0].(map[string]any), "livenessProbe", "exec", "command")
	if err != nil || len(command) < 2 || command[0] != "/deepscaler" || command[1] != "learner" {
		t.Fatalf("the learner's probe runs %q (%v), want the learner of the image", command, err)
	}
	probe, flags := new(sidecar.Flags), pflag.NewFlagSet("learner", pflag.ContinueOnError)
	probe.Add(flags)
	if err := flags.Parse(command[2:]); err != nil || !probe.Healthy || probe.Exchange != exchange {
		t.Errorf("the learner's probe is %+v (%v), want one of %s", probe, err, exchange)
	}
	if ports, found, err := unstructured.NestedSlice(containers[0].(map[string]any), "ports"); found || err != nil {
		t.Errorf("the learner has the ports %v (%v), want none", ports, err)
	}
}

// commandLine returns the flags of the first container in a list of the Deployment, which
// runs the given command.
func commandLine(t *testing.T, deployment *unstructured.Unstructured, list, command string) []string {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", list)
	if err != nil || len(containers) != 1 {
		t.Fatalf("%d %s (%v), want 1", len(containers), list, err)
	}
	args, _, err := unstructured.NestedStringSlice(containers[0].(map[string]any), "args")
	if err != nil {
		t.Fatal(err)
	}
	if len(args) < 2 || args[0] != command {
		t.Fatalf("the container runs %q, want the command %s", args, command)
	}
	return args[1:]
}

// testFlags parses the command lines of the Deployment as the commands do.
func testFlags(t *testing.T, deployment *unstructured.Unstructured) {
	t.Helper()
	learner, learnerFlags := new(sidecar.Flags), pflag.NewFlagSet("learner", pflag.ContinueOnError)
	learner.Add(learnerFlags)
	if err := learnerFlags.Parse(commandLine(t, deployment, "initContainers", "learner")); err != nil {
		t.Errorf("the learner would refuse its flags: %v", err)
	}
	testProbe(t, deployment, learner.Exchange)
	args := commandLine(t, deployment, "containers", "adapter")
	options := adapter.NewOptions()
	flags := pflag.NewFlagSet("adapter", pflag.ContinueOnError)
	for _, group := range options.Flags().FlagSets {
		flags.AddFlagSet(group)
	}
	if err := flags.Parse(args); err != nil {
		t.Errorf("the adapter would refuse its flags: %v", err)
	}
	if err := options.Validate(); err != nil {
		t.Errorf("the adapter would refuse its flags: %v", err)
	}
}

// testValidationIsStrict makes sure that the dry run can fail: each slip must be
// refused, for built-in and for custom resources.
func (s *site) testValidationIsStrict(t *testing.T) {
	_, objects := s.render(t, "overlays/full")
	_, examples := s.render(t, "examples/online-boutique")
	_, keda := s.render(t, "examples/keda")
	objects = slices.Concat(objects, examples, keda)
	for _, slip := range []struct {
		kind, name string
		value      any
		path       []string
		complaint  string
	}{
		{"Deployment", "deepscaler-adapter", int64(2), []string{"spec", "replica"}, "spec.replica"},
		{"ServiceMonitor", "deepscaler-adapter", "x", []string{"spec", "selectors"}, "spec.selectors"},
		{"Certificate", "deepscaler-adapter", "x", []string{"spec", "dnsName"}, "spec.dnsName"},
		{"PrometheusRule", "deepscaler-adapter", "x", []string{"spec", "group"}, "spec.group"},
		{"ScaledObject", "frontend", "x", []string{"spec", "maxReplicas"}, "spec.maxReplicas"},
		{"HorizontalPodAutoscaler", "frontend", "-1", []string{"spec", "behavior", "scaleUp", "tolerance"}, "tolerance"},
		{"HorizontalPodAutoscaler", "frontend", "0", []string{"spec", "behavior", "scaleUp", "tolerances"}, "tolerances"},
	} {
		wrong := find(t, objects, slip.kind, slip.name).DeepCopy()
		if err := unstructured.SetNestedField(wrong.Object, slip.value, slip.path...); err != nil {
			t.Fatal(err)
		}
		stream, err := json.Marshal(wrong)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.dryRun(t.Context(), stream); err == nil || !strings.Contains(err.Error(), slip.complaint) {
			t.Errorf("%s with %s = %v: got %v, want a complaint about %s", slip.kind, strings.Join(slip.path, "."), slip.value, err, slip.complaint)
		}
	}
}
