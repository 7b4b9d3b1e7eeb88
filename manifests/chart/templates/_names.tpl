{{- /* Labels of every object. Those that select pods are written where they select. */ -}}
{{- define "deepscaler.labels" -}}
app.kubernetes.io/part-of: deepscaler
app.kubernetes.io/version: {{ .Chart.AppVersion | trunc 63 | trimSuffix "-" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "deepscaler.adapterLabels" -}}
app.kubernetes.io/name: deepscaler-adapter
{{ include "deepscaler.labels" . }}
{{- end -}}

{{- define "deepscaler.image" -}}
{{- $i := .Values.image -}}
{{- if $i.digest }}{{ $i.repository }}@{{ $i.digest }}{{ else }}{{ $i.repository }}:{{ $i.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- /* By default beside the adapter's image, and of the same tag. */ -}}
{{- define "deepscaler.schedulerImage" -}}
{{- $i := .Values.scheduler.image -}}
{{- $repository := $i.repository | default (printf "%s-scheduler" .Values.image.repository) -}}
{{- if $i.digest }}{{ $repository }}@{{ $i.digest }}{{ else }}{{ $repository }}:{{ $i.tag | default .Values.image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- define "deepscaler.ownCertificate" -}}
{{- if eq .Values.certificates.issuer "adapter" }}true{{ end -}}
{{- end -}}
