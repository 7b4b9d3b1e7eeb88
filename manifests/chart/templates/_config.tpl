{{- /* Where the minimal Prometheus goes. */ -}}
{{- define "deepscaler.minimalPrometheusNamespace" -}}
{{ .Values.prometheus.namespace | default .Release.Namespace }}
{{- end -}}

{{- /* Where the Prometheus is that the adapter reads. */ -}}
{{- define "deepscaler.prometheusNamespace" -}}
{{- if .Values.networkPolicy.prometheus.namespace -}}
{{ .Values.networkPolicy.prometheus.namespace }}
{{- else if .Values.prometheus.install -}}
{{ include "deepscaler.minimalPrometheusNamespace" . }}
{{- else -}}
monitoring
{{- end -}}
{{- end -}}

{{- /* The adapter's configuration file: the given one over what the other values imply. */ -}}
{{- define "deepscaler.config" -}}
{{- $implied := dict "telemetry" (dict "prometheus" dict) -}}
{{- if .Values.prometheus.withoutMesh -}}
  {{- $implied = .Files.Get "files/without-mesh.yaml" | fromYaml -}}
{{- end -}}
{{- $url := "http://prometheus-operated.monitoring.svc:9090" -}}
{{- if .Values.prometheus.install -}}
  {{- $url = printf "http://prometheus.%s.svc:9090" (include "deepscaler.minimalPrometheusNamespace" .) -}}
{{- end -}}
{{- $_ := set $implied "apiVersion" "config.deepscaler.io/v1alpha1" -}}
{{- $_ := set $implied "kind" "AdapterConfiguration" -}}
{{- $_ := unset $implied "models" -}}
{{- if .Values.learner.enabled -}}
  {{- $_ := set $implied "models" (dict "exchange" "/var/run/deepscaler/exchange") -}}
{{- end -}}
{{- $config := mergeOverwrite $implied (deepCopy .Values.config) -}}
{{- if not $config.telemetry.prometheus.url -}}
  {{- $_ := set $config.telemetry.prometheus "url" $url -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}
