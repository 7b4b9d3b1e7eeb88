package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	krew "sigs.k8s.io/krew/pkg/index"
	"sigs.k8s.io/yaml"
)

// krewFile has the name that the index of krew wants.
const krewFile = "krew/deepscaler.yaml"

// plugin writes an archive of the kubectl plugin for each platform, and the manifest by
// which krew installs it. The plugin is the program under another name.
func (r *release) plugin(ctx context.Context) error {
	licence, err := os.ReadFile(filepath.Join(r.source, "LICENSE"))
	if err != nil {
		return err
	}
	manifest := krew.Plugin{
		TypeMeta:   metav1.TypeMeta{APIVersion: "krew.googlecontainertools.github.com/v1alpha2", Kind: "Plugin"},
		ObjectMeta: metav1.ObjectMeta{Name: "deepscaler"},
		Spec: krew.PluginSpec{
			Version:          r.version,
			ShortDescription: "Check, explain and set up joint autoscaling",
			Description: `Shows what DeepScaler plans for a microservice application and why (status, explain, ui),
checks what a cluster has and lacks (check), prints HorizontalPodAutoscalers (hpa),
and reports which calls cross zones (placement).`,
			Homepage: repository,
			Caveats:  "DeepScaler itself runs in the cluster: see " + repository + "#install-it-on-your-cluster\n",
		},
	}
	for _, on := range pluginPlatforms() {
		binary, err := r.binary(ctx, r.programs[0], on)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(binary)
		if err != nil {
			return err
		}
		bin := "kubectl-deepscaler"
		if on.os == "windows" {
			bin += ".exe"
		}
		file := fmt.Sprintf("kubectl-deepscaler_%s_%s.tar.gz", on.os, on.arch)
		path := filepath.Join(r.out, file)
		if err := writeTarGzip(path, r.time, entry{name: "LICENSE", mode: 0o644, content: licence}, entry{name: bin, mode: 0o755, content: content}); err != nil {
			return err
		}
		sum, err := checksum(path)
		if err != nil {
			return err
		}
		manifest.Spec.Platforms = append(manifest.Spec.Platforms, krew.Platform{
			URI:      repository + "/releases/download/" + r.version + "/" + file,
			Sha256:   sum,
			Bin:      bin,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"os": on.os, "arch": on.arch}},
		})
		r.done(file)
	}
	content, err := yaml.Marshal(manifest)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(r.out, filepath.Dir(krewFile)), 0o755); err != nil {
		return err
	}
	r.done(krewFile)
	return os.WriteFile(filepath.Join(r.out, krewFile), content, 0o644)
}

// checksum returns the SHA-256 of a file in hexadecimal digits.
func checksum(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(content)), nil
}
