package server

import (
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/version"
	openapicommon "k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
	custommetricsv1beta1 "k8s.io/metrics/pkg/apis/custom_metrics/v1beta1"
	custommetricsv1beta2 "k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	openapiexternal "sigs.k8s.io/custom-metrics-apiserver/pkg/generated/openapi/externalmetrics"
)

// named is a type with the name of its schema.
type named interface{ OpenAPIModelName() string }

// definitions returns the schemas of the served types. Those of the external metrics API
// are generated. The generated ones of the custom metrics API and of /version include
// the whole core API and take megabytes, so theirs are derived from the types.
func definitions(ref openapicommon.ReferenceCallback) map[string]openapicommon.OpenAPIDefinition {
	all := openapiexternal.GetOpenAPIDefinitions(ref)
	for _, t := range []named{
		custommetricsv1beta1.MetricListOptions{}, custommetricsv1beta1.MetricValue{}, custommetricsv1beta1.MetricValueList{},
		custommetricsv1beta2.MetricIdentifier{}, custommetricsv1beta2.MetricListOptions{},
		custommetricsv1beta2.MetricValue{}, custommetricsv1beta2.MetricValueList{},
		corev1.ObjectReference{}, version.Info{},
	} {
		d := derivation{ref: ref, schema: spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"object"}, Properties: map[string]spec.Schema{}}}}
		d.fields(reflect.TypeOf(t))
		all[t.OpenAPIModelName()] = openapicommon.OpenAPIDefinition{Schema: d.schema, Dependencies: d.dependencies}
	}
	return all
}

// derivation is a schema in the making, with the names of those that it refers to.
type derivation struct {
	ref          openapicommon.ReferenceCallback
	schema       spec.Schema
	dependencies []string
}

// fields adds the fields of a struct as they are in JSON.
func (d *derivation) fields(t reflect.Type) {
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" {
			d.fields(field.Type)
			continue
		}
		d.schema.Properties[name] = d.of(field.Type)
		if !strings.Contains(options, "omitempty") && field.Type.Kind() != reflect.Pointer {
			d.schema.Required = append(d.schema.Required, name)
		}
	}
}

// of returns the schema of a value: a text, a number, a list, or a reference.
func (d *derivation) of(t reflect.Type) spec.Schema {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n, ok := reflect.TypeAssert[named](reflect.Zero(t)); ok {
		d.dependencies = append(d.dependencies, n.OpenAPIModelName())
		return spec.Schema{SchemaProps: spec.SchemaProps{Ref: d.ref(n.OpenAPIModelName())}}
	}
	switch t.Kind() {
	case reflect.Slice:
		items := d.of(t.Elem())
		return spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"array"}, Items: &spec.SchemaOrArray{Schema: &items}}}
	case reflect.Int64:
		return spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"integer"}, Format: "int64"}}
	default:
		return spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"string"}}}
	}
}
