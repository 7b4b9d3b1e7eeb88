package docs

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// WithConfigurationSchema returns the chart's values.schema.json with the schema of the
// adapter's configuration as its last definition.
func WithConfigurationSchema(schema string) (string, error) {
	const begin = "\n    \"adapterConfiguration\": {"
	before, _, found := strings.Cut(schema, begin)
	if !found {
		return "", fmt.Errorf("the schema lacks the definition %q", "adapterConfiguration")
	}
	file := schemaOf(reflect.TypeFor[config.Adapter]())
	// The chart writes these.
	properties := file["properties"].(map[string]any)
	delete(properties, "apiVersion")
	delete(properties, "kind")
	definition, err := json.MarshalIndent(file, "    ", "  ")
	if err != nil {
		return "", err
	}
	return before + begin + strings.TrimPrefix(string(definition), "{") + "\n  }\n}\n", nil
}

// schemaOf returns the JSON schema of what a YAML decoder accepts for a type.
func schemaOf(t reflect.Type) map[string]any {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return map[string]any{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$`}
	case reflect.TypeFor[telemetry.HTTPClientConfig]():
		// The http_config of Prometheus, whose library validates it.
		return map[string]any{"type": "object"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Struct:
		properties := map[string]any{}
		for field := range t.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			properties[name] = schemaOf(field.Type)
		}
		return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	default:
		return map[string]any{"type": "string"}
	}
}

// WithChartValues returns the page with a table of the chart's values between its markers.
// Names and meanings are those of the schema, defaults those of values.yaml.
func WithChartValues(page, schema, values string) (string, error) {
	var root value
	if err := yaml.Unmarshal([]byte(schema), &root); err != nil {
		return "", fmt.Errorf("read the schema: %w", err)
	}
	var defaults yaml.Node
	if err := yaml.Unmarshal([]byte(values), &defaults); err != nil {
		return "", fmt.Errorf("read the values: %w", err)
	}
	rows, err := root.rows("", defaults.Content[0])
	if err != nil {
		return "", err
	}
	content := "\n| value | default | meaning |\n|---|---|---|\n" + strings.Join(rows, "") + "\n"
	return between(page, "<!-- begin values of the chart (make update) -->\n", "<!-- end values of the chart -->\n", content)
}

// value is what the table needs of a schema, whose properties keep their order.
type value struct {
	Description string
	Properties  yaml.Node
}

// rows returns a row for each property, and below it for each of its own.
func (v value) rows(prefix string, defaults *yaml.Node) ([]string, error) {
	var rows []string
	for i := 0; i < len(v.Properties.Content); i += 2 {
		name := v.Properties.Content[i].Value
		var property value
		if err := v.Properties.Content[i+1].Decode(&property); err != nil {
			return nil, fmt.Errorf("%s%s: %w", prefix, name, err)
		}
		given := entry(defaults, name)
		if given == nil {
			continue // such as the keys of certificates.issuerRef
		}
		cell := ""
		if len(property.Properties.Content) == 0 || len(given.Content) == 0 {
			text, err := flow(given)
			if err != nil {
				return nil, fmt.Errorf("%s%s: %w", prefix, name, err)
			}
			cell = "`" + text + "`"
		}
		rows = append(rows, fmt.Sprintf("| `%s%s` | %s | %s |\n", prefix, name, cell, property.Description))
		inner, err := property.rows(prefix+name+".", given)
		if err != nil {
			return nil, err
		}
		rows = append(rows, inner...)
	}
	return rows, nil
}

// entry returns the value of a key of a mapping, or nil.
func entry(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// flow returns a node on one line.
func flow(node *yaml.Node) (string, error) {
	var v any
	if err := node.Decode(&v); err != nil {
		return "", err
	}
	text, err := json.Marshal(v)
	return strings.NewReplacer(`":`, `": `, `,"`, `, "`).Replace(string(text)), err
}
