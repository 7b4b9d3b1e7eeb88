package server

import (
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/version"
	openapicommon "k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
	openapiexternal "sigs.k8s.io/custom-metrics-apiserver/pkg/generated/openapi/externalmetrics"
)

// definitions returns the schemas of the served types. The schemas of the
// external metrics API lack only the answer of /version, which is added here; the
// generated schemas of the whole core API include it but take megabytes.
func definitions(ref openapicommon.ReferenceCallback) map[string]openapicommon.OpenAPIDefinition {
	all := openapiexternal.GetOpenAPIDefinitions(ref)
	all[version.Info{}.OpenAPIModelName()] = openapicommon.OpenAPIDefinition{Schema: versionSchema()}
	return all
}

// versionSchema describes [version.Info], whose fields are texts, as the
// generated schema does.
func versionSchema() spec.Schema {
	schema := spec.Schema{SchemaProps: spec.SchemaProps{
		Description: "Info contains versioning information.",
		Type:        []string{"object"},
		Properties:  map[string]spec.Schema{},
	}}
	for field := range reflect.TypeFor[version.Info]().Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		schema.Properties[name] = spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"string"}}}
		if options == "" {
			schema.Required = append(schema.Required, name)
		}
	}
	return schema
}
