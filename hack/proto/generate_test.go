package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const path = "../../adapter/keda/externalscaler/externalscaler.proto"

// The committed code is what the .proto file says: run make update if not.
func TestGeneratedCodeIsUpToDate(t *testing.T) {
	files, err := generate(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 {
		t.Errorf("generates %d files, want messages and services", len(files))
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is out of date: run make update", name)
		}
	}
}

// What we serve is KEDA's own contract: the same names on the wire, numbers and types.
func TestContractIsKEDAs(t *testing.T) {
	ours, theirs := compile(t, path), compile(t, filepath.Join(keda(t), "pkg/scalers/externalscaler/externalscaler.proto"))
	if ours.Package() != theirs.Package() || ours.Services().Len() != 1 {
		t.Fatalf("package %s with %d services, KEDA's is %s", ours.Package(), ours.Services().Len(), theirs.Package())
	}
	methods := ours.Services().Get(0).Methods()
	for i := range methods.Len() {
		m := methods.Get(i)
		k := theirs.Services().ByName(ours.Services().Get(0).Name()).Methods().ByName(m.Name())
		if k == nil || k.Input().FullName() != m.Input().FullName() || k.Output().FullName() != m.Output().FullName() ||
			k.IsStreamingClient() != m.IsStreamingClient() || k.IsStreamingServer() != m.IsStreamingServer() {
			t.Errorf("method %s is not KEDA's %v", m.FullName(), k)
		}
	}
	compared := 0
	for i := range ours.Messages().Len() {
		m := ours.Messages().Get(i)
		k := theirs.Messages().ByName(m.Name())
		if k == nil || k.Fields().Len() != m.Fields().Len() {
			t.Errorf("message %s is not KEDA's %v", m.FullName(), k)
			continue
		}
		for j := range m.Fields().Len() {
			f := m.Fields().Get(j)
			compared++
			if g := k.Fields().ByNumber(f.Number()); g == nil || g.Name() != f.Name() || g.Kind() != f.Kind() || g.Cardinality() != f.Cardinality() || g.IsMap() != f.IsMap() {
				t.Errorf("field %s is not KEDA's %v", f.FullName(), g)
			}
		}
	}
	if methods.Len() != 4 || compared < 10 {
		t.Errorf("compared %d methods and %d fields", methods.Len(), compared)
	}
}

func compile(t *testing.T, path string) protoreflect.FileDescriptor {
	t.Helper()
	c := protocompile.Compiler{Resolver: &protocompile.SourceResolver{ImportPaths: []string{filepath.Dir(path)}}}
	files, err := c.Compile(t.Context(), filepath.Base(path))
	if err != nil {
		t.Fatal(err)
	}
	return files[0]
}

// keda returns where the module proxy's copy of KEDA is that hack/verify/crds pins. The
// module has the scalers of all clouds, so it is no dependency of this one.
func keda(t *testing.T) string {
	t.Helper()
	run := func(into any, args ...string) {
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"mod"}, args...)...)
		cmd.Dir, cmd.Stderr = "../verify/crds", os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, into); err != nil {
			t.Fatal(err)
		}
	}
	var pins struct {
		Require []struct{ Path, Version string }
	}
	run(&pins, "edit", "-json")
	for _, pin := range pins.Require {
		if pin.Path == "github.com/kedacore/keda/v2" {
			var module struct{ Dir string }
			run(&module, "download", "-json", pin.Path+"@"+pin.Version)
			return module.Dir
		}
	}
	t.Fatal("hack/verify/crds/go.mod does not pin KEDA")
	return ""
}
