package controlplane

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryComponentIsPinnedOnce(t *testing.T) {
	var names []string
	for _, module := range modules("modules") {
		for _, program := range module.Programs {
			names = append(names, program.Name)
		}
	}
	var want []string
	for _, component := range slices.Concat(Components(), Optional()) {
		want = append(want, string(component))
	}
	if !slices.Equal(names, want) {
		t.Errorf("modules build %q, want %q", names, want)
	}
}

func TestKubernetesVersionFlags(t *testing.T) {
	const pkg = "k8s.io/component-base/version"
	want := "-X " + pkg + ".gitVersion=v1.37.2 -X " + pkg + ".gitMajor=1 -X " + pkg + ".gitMinor=37"
	if got := kubernetesVersion("v1.37.2"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestUnknownComponentIsNamed(t *testing.T) {
	_, err := Build(t.Context(), BuildOptions{Components: []Component{"kubelet"}, CacheDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), `"kubelet"`) {
		t.Errorf("got %v, want the unknown name", err)
	}
}

func TestBuildOutsideTheSourceTreeSaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := Build(t.Context(), BuildOptions{CacheDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "inside its source tree") {
		t.Errorf("got %v, want a hint", err)
	}
}
