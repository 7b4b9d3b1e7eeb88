{{- /*
Objects of the kustomize manifests, with the namespace and the labels of this release. The chart has no
copies of them: files/ are links, so both ways of installing apply the same objects.
Takes a dictionary: context, files, and annotations for all objects.
*/ -}}
{{- define "deepscaler.same" -}}
{{- range $file := .files }}
{{- range $text := regexSplit "(?m)^---$" (include "deepscaler.file" (dict "context" $.context "file" $file)) -1 }}
{{- $object := fromYaml $text }}
{{- if $object.Error }}{{ fail (printf "%s: %s" $file $object.Error) }}{{ end }}
---
{{ include "deepscaler.labelled" (dict "context" $.context "object" $object "annotations" $.annotations) }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* The text of a file, for the namespaces of this release. */ -}}
{{- define "deepscaler.file" -}}
{{- $text := .context.Files.Get (printf "files/%s" .file) -}}
{{- if not $text }}{{ fail (printf "the chart lacks files/%s: is it a checkout without symbolic links? Install the packaged chart" .file) }}{{ end -}}
{{- $text = $text | replace "deepscaler-system" .context.Release.Namespace -}}
{{- if hasPrefix "components/prometheus/" .file -}}
{{- $text = $text | replace "namespace: monitoring" (printf "namespace: %s" (include "deepscaler.minimalPrometheusNamespace" .context)) -}}
{{- end -}}
{{- $text -}}
{{- end -}}

{{- /* One object as YAML, with the labels of this release. */ -}}
{{- define "deepscaler.labelled" -}}
{{- $metadata := .object.metadata -}}
{{- $_ := set $metadata "labels" (merge (dict) ($metadata.labels | default dict) (include "deepscaler.labels" .context | fromYaml)) -}}
{{- with .annotations }}{{ $_ := set $metadata "annotations" (merge (dict) ($metadata.annotations | default dict) .) }}{{ end -}}
{{- toYaml .object -}}
{{- end -}}

{{- /* Sets what the values say about the pods of a Deployment. */ -}}
{{- define "deepscaler.setPod" -}}
{{- $values := .context.Values -}}
{{- $pod := .deployment.spec.template.spec -}}
{{- range $key := list "imagePullSecrets" "priorityClassName" "nodeSelector" "tolerations" -}}
  {{- $_ := unset $pod $key -}}
  {{- with get $values $key }}{{ $_ := set $pod $key . }}{{ end -}}
{{- end -}}
{{- range concat $pod.containers ($pod.initContainers | default list) -}}
  {{- $_ := set . "image" $.image -}}
  {{- $_ := set . "imagePullPolicy" $values.image.pullPolicy -}}
{{- end -}}
{{- $metadata := .deployment.spec.template.metadata -}}
{{- $_ := set $metadata "labels" (merge (dict) $metadata.labels $values.podLabels) -}}
{{- $_ := set $metadata "annotations" (merge (dict) ($metadata.annotations | default dict) .annotations $values.podAnnotations) -}}
{{- end -}}
