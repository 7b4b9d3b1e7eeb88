package server

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
	openapicore "sigs.k8s.io/custom-metrics-apiserver/pkg/generated/openapi/core"
	openapicustom "sigs.k8s.io/custom-metrics-apiserver/pkg/generated/openapi/custommetrics"
)

// bare is a schema without texts and defaults.
func bare(s spec.Schema) spec.Schema {
	kept := spec.Schema{SchemaProps: spec.SchemaProps{Type: s.Type, Format: s.Format, Ref: s.Ref, Required: slices.Sorted(slices.Values(s.Required))}}
	if s.Items != nil {
		items := bare(*s.Items.Schema)
		kept.Items = &spec.SchemaOrArray{Schema: &items}
	}
	if s.Properties != nil {
		kept.Properties = map[string]spec.Schema{}
		for name, property := range s.Properties {
			kept.Properties[name] = bare(property)
		}
	}
	return kept
}

func TestSchemasAreTheGeneratedOnes(t *testing.T) {
	derived := definitions(spec.MustCreateRef)
	generated := map[string]common.OpenAPIDefinition{}
	maps.Copy(generated, openapicore.GetOpenAPIDefinitions(spec.MustCreateRef))
	maps.Copy(generated, openapicustom.GetOpenAPIDefinitions(spec.MustCreateRef))
	compared := 0
	for name, want := range generated {
		if name != (version.Info{}).OpenAPIModelName() && !strings.Contains(name, "custom_metrics") && !strings.HasSuffix(name, "core.v1.ObjectReference") {
			continue
		}
		compared++
		got, known := derived[name]
		if !known {
			t.Errorf("%s is missing", name)
			continue
		}
		if diff := cmp.Diff(bare(want.Schema), bare(got.Schema), cmp.Comparer(func(a, b spec.Ref) bool { return a.String() == b.String() })); diff != "" {
			t.Errorf("%s (-generated +derived):\n%s", name, diff)
		}
		for _, d := range got.Dependencies {
			if _, known := derived[d]; !known {
				t.Errorf("%s refers to %s, which is missing", name, d)
			}
		}
	}
	if compared != 9 {
		t.Errorf("compared %d schemas, want 9", compared)
	}
}
