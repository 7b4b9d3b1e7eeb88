package server

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/kube-openapi/pkg/validation/spec"
	openapicore "sigs.k8s.io/custom-metrics-apiserver/pkg/generated/openapi/core"
)

func TestVersionSchemaIsTheGeneratedOne(t *testing.T) {
	generated := openapicore.GetOpenAPIDefinitions(spec.MustCreateRef)[version.Info{}.OpenAPIModelName()].Schema
	got := versionSchema()
	if diff := cmp.Diff(generated.Required, got.Required); diff != "" {
		t.Errorf("required (-generated +got):\n%s", diff)
	}
	if len(got.Properties) != len(generated.Properties) {
		t.Errorf("%d properties, want %d", len(got.Properties), len(generated.Properties))
	}
	for name, property := range generated.Properties {
		if !slices.Equal(got.Properties[name].Type, property.Type) {
			t.Errorf("%s is %v, want %v", name, got.Properties[name].Type, property.Type)
		}
	}
}
