package exchange

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator/artifact"
)

var hash = strings.Repeat("0a", 32)

func list() *List {
	return &List{
		Written: time.Unix(1764082800, 0).UTC(),
		Applications: []Application{{
			Name:     "shop",
			Services: []Service{{Name: "shop/cart", Min: 1, Max: 9}, {Name: "shop/web", Max: 3}},
			Step:     Duration{30 * time.Second}, Window: 24, QueueingWindow: 12, Features: []string{"replicas", "cpu"},
			LeadTime: Duration{75 * time.Second}, Quantile: 0.8,
			SLO: Duration{500 * time.Millisecond}, SLOPercentile: 0.95,
			MinUtilisation: 0.5, MaxUtilisation: 0.8, Headroom: 0.5,
			Serving: hash, Refused: &Refusal{Model: hash, Reason: "it is too large"},
		}},
	}
}

func report() *Report {
	return &Report{
		Application: "shop", Model: hash, Trained: time.Unix(1764082800, 0).UTC(),
		Reason: "there was no model", Published: true, Verdict: "it beats HAB",
		Child: Figures{Samples: 10, Loss: 0.1, Shortage: 0.2, Cost: 0.3}, HAB: Figures{Samples: 10, Loss: 0.2},
	}
}

func model(t *testing.T) *artifact.Model {
	t.Helper()
	m, err := artifact.ReadFile("../artifact/testdata/golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRoundTrip(t *testing.T) {
	dir := Dir(t.TempDir())
	if err := dir.WriteList(list()); err != nil {
		t.Fatal(err)
	}
	gotList, err := dir.ReadList()
	if err != nil {
		t.Fatal(err)
	}
	wantList := list()
	wantList.Version = Version
	if diff := cmp.Diff(wantList, gotList); diff != "" {
		t.Errorf("list (-want +got)\n%s", diff)
	}
	if err := dir.WriteReport(report()); err != nil {
		t.Fatal(err)
	}
	gotReport, err := dir.ReadReport("shop")
	if err != nil {
		t.Fatal(err)
	}
	wantReport := report()
	wantReport.Version = Version
	if diff := cmp.Diff(wantReport, gotReport); diff != "" {
		t.Errorf("report (-want +got)\n%s", diff)
	}
	m := model(t)
	for name, f := range map[string]struct {
		write func(string, *artifact.Model) error
		read  func(string, artifact.Limits) (*artifact.Model, error)
	}{"model": {dir.WriteModel, dir.ReadModel}, "serving": {dir.WriteServing, dir.ReadServing}} {
		if err := f.write("Shop.v2", m); err != nil {
			t.Fatal(err)
		}
		got, err := f.read("Shop.v2", artifact.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Hash() != m.Hash() {
			t.Errorf("%s: hash %q, want %q", name, got.Hash(), m.Hash())
		}
	}
	for _, path := range []string{
		"applications.json", "models/shop.json", "models/%53hop.v2.safetensors", "serving/%53hop.v2.safetensors",
	} {
		if _, err := os.Stat(filepath.Join(string(dir), path)); err != nil {
			t.Error(err)
		}
	}
}

// TestNothingYet reads before the other side has begun.
func TestNothingYet(t *testing.T) {
	dir := Dir(t.TempDir())
	_, list := dir.ReadList()
	_, report := dir.ReadReport("shop")
	_, model := dir.ReadModel("shop", artifact.Limits{})
	_, serving := dir.ReadServing("shop", artifact.Limits{})
	for name, err := range map[string]error{"list": list, "report": report, "model": model, "serving": serving} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: error %v, want %v", name, err, fs.ErrNotExist)
		}
	}
	if err := dir.WriteServing("shop", nil); err != nil {
		t.Errorf("nothing serves: %v", err)
	}
}

func TestNothingServesAnyMore(t *testing.T) {
	dir := Dir(t.TempDir())
	if err := dir.WriteServing("shop", model(t)); err != nil {
		t.Fatal(err)
	}
	if err := dir.WriteServing("shop", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.ReadServing("shop", artifact.Limits{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want %v", err, fs.ErrNotExist)
	}
}

func TestFolderThatIsNotMounted(t *testing.T) {
	dir := Dir(filepath.Join(t.TempDir(), "exchange"))
	for name, err := range map[string]error{
		"list": dir.WriteList(list()), "report": dir.WriteReport(report()), "model": dir.WriteModel("shop", model(t)),
	} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: error %v, want %v", name, err, fs.ErrNotExist)
		}
	}
}

func TestInvalidListIsNotWritten(t *testing.T) {
	for want, spoil := range map[string]func(a *Application){
		"name":                func(a *Application) { a.Name = "" },
		"no services":         func(a *Application) { a.Services = nil },
		"step":                func(a *Application) { a.Step = Duration{} },
		"leadTime":            func(a *Application) { a.LeadTime = Duration{time.Second} },
		"window":              func(a *Application) { a.Window = 11 },
		"queueingWindow":      func(a *Application) { a.QueueingWindow = 1 },
		"features":            func(a *Application) { a.Features = nil },
		"quantile":            func(a *Application) { a.Quantile = 1 },
		"slo":                 func(a *Application) { a.SLOPercentile = math.NaN() },
		"utilisation":         func(a *Application) { a.MinUtilisation = 0.9 },
		"headroom":            func(a *Application) { a.Headroom = -1 },
		"serving":             func(a *Application) { a.Serving = "latest" },
		"refused":             func(a *Application) { a.Refused.Model = "" },
		"want namespace/name": func(a *Application) { a.Services[0].Name = "shop/" },
		"not after the one":   func(a *Application) { a.Services[1] = a.Services[0] },
		"bounds [3, 2]":       func(a *Application) { a.Services[0] = Service{"shop/cart", 3, 2} },
		"max at least 1":      func(a *Application) { a.Services[0] = Service{"shop/cart", 0, 0} },
		"want 1 to 63":        func(a *Application) { a.Name = strings.Repeat("a", 64) },
	} {
		dir := Dir(t.TempDir())
		l := list()
		spoil(&l.Applications[0])
		if err := dir.WriteList(l); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if _, err := dir.ReadList(); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: reading: %v", want, err)
		}
	}
	l := list()
	l.Applications = append(l.Applications, l.Applications[0])
	if err := Dir(t.TempDir()).WriteList(l); err == nil || !strings.Contains(err.Error(), "not after") {
		t.Errorf("an application twice: error %v", err)
	}
}

func TestInvalidReportIsNotWritten(t *testing.T) {
	for want, spoil := range map[string]func(r *Report){
		"application":   func(r *Report) { r.Application = "" },
		"model":         func(r *Report) { r.Model = "latest" },
		"parent":        func(r *Report) { r.Parent = hash[1:] },
		"trained":       func(r *Report) { r.Trained = time.Time{} },
		"reason":        func(r *Report) { r.Reason = "" },
		"verdict":       func(r *Report) { r.Verdict = "" },
		"child":         func(r *Report) { r.Child.Loss = math.NaN() },
		"hab":           func(r *Report) { r.HAB.Cost = math.Inf(1) },
		"parentFigures": func(r *Report) { r.ParentFigures = &Figures{Shortage: -1} },
		"samples":       func(r *Report) { r.Child.Samples = -1 },
	} {
		r := report()
		spoil(r)
		if err := Dir(t.TempDir()).WriteReport(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestForeignFiles(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"nothing":        {"", "unexpected end"},
		"half":           {`{"version":1,"applications":[`, "unexpected end"},
		"no version":     {`{}`, "version 0"},
		"newer":          {`{"version":2,"tenants":[]}`, "same version"},
		"unknown member": {`{"version":1,"tenants":[]}`, "tenants"},
		"two":            {`{"version":1}{"version":1}`, "after top-level value"},
		"duration":       {`{"version":1,"applications":[{"step":"30"}]}`, "missing unit"},
	} {
		dir := Dir(t.TempDir())
		if err := os.WriteFile(dir.list(), []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := dir.ReadList(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestReportOfAnotherApplication(t *testing.T) {
	dir := Dir(t.TempDir())
	if err := dir.WriteReport(report()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(string(dir), "models/shop.json"), filepath.Join(string(dir), "models/bank.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.ReadReport("bank"); err == nil || !strings.Contains(err.Error(), `application "shop"`) {
		t.Errorf("error %v", err)
	}
}
