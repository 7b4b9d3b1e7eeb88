package affinity

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/history"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestOutput(t *testing.T) {
	for _, tc := range []struct {
		file    string
		model   *artifact.Model
		compare string
		set     func(*Options)
	}{
		{"table.txt", shop(), "", func(*Options) {}},
		{"table-compare.txt", shop(), recorded, func(o *Options) { o.Top, o.SelfLoops = 4, true }},
		{"graph.csv", shop(), "", func(o *Options) { o.Output = "csv" }},
		{"graph.json", shop(), "", func(o *Options) { o.Output, o.Which = "json", "learned 1" }},
		{"graph-compare.json", shop(), recorded, func(o *Options) { o.Output, o.Which = "json", WhichSet }},
		{"graph.dot", shop(), recorded, func(o *Options) { o.Output = "dot" }},
		{"graph.mmd", shop(), recorded, func(o *Options) { o.Output, o.SelfLoops, o.MinWeight = "mermaid", true, 0 }},
		{"empty.txt", shop(), "", func(o *Options) { o.Which = "empty" }},
		{"empty.json", shop(), recorded, func(o *Options) { o.Which, o.Output = "identity", "json" }},
	} {
		t.Run(tc.file, func(t *testing.T) {
			path := golden(t, tc.file)
			o := files(t, tc.model, tc.compare)
			tc.set(o)
			if err := o.Validate(); err != nil {
				t.Fatal(err)
			}
			var out, again bytes.Buffer
			if err := errors.Join(o.Run(&out), o.Run(&again)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Bytes(), again.Bytes()) {
				t.Error("twice the same is not the same output")
			}
			if *update {
				if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("output (-want +got), written anew by go test -update:\n%s", diff)
			}
		})
	}
}

// A graph that was written as CSV is the graph it is compared with.
func TestCSVRoundTrip(t *testing.T) {
	m := shop()
	m.Services[1], m.Services[2] = `a "quoted, name"`, "naïve <&> 服务"
	m.Affinity[1] = math.Nextafter32(0.4, 1)
	o := files(t, m, "")
	o.Output, o.SelfLoops, o.MinWeight = "csv", true, 0
	var out bytes.Buffer
	if err := o.Run(&out); err != nil {
		t.Fatal(err)
	}
	services, err := estimator.ParseServices(m.Services)
	if err != nil {
		t.Fatal(err)
	}
	edges, err := history.ReadGraph(bytes.NewReader(out.Bytes()), services)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, len(m.Affinity))
	for _, e := range edges {
		got[e.Source*len(m.Services)+e.Destination] = float32(e.Weight)
	}
	if diff := cmp.Diff(m.Affinity, got); diff != "" {
		t.Errorf("matrix that was read back (-want +got):\n%s", diff)
	}

	if err := os.WriteFile("same.csv", out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Compare, o.Output = "same.csv", "json"
	if got := decode(t, o); *got.Jaccard != 1 || len(*got.Missing) != 0 {
		t.Errorf("similarity with itself is %v, %v are missing", *got.Jaccard, *got.Missing)
	}
}

func decode(t *testing.T, o *Options) document {
	t.Helper()
	var out bytes.Buffer
	if err := o.Run(&out); err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSimilarityCountsWhatTopHides(t *testing.T) {
	for _, tc := range []struct {
		name, compare string
		set           func(*Options)
		want          float64
		shown         int
	}{
		{"all", recorded, func(*Options) {}, 4. / 6, 5},
		{"top", recorded, func(o *Options) { o.Top = 1 }, 4. / 6, 1},
		{"self-loops", recorded, func(o *Options) { o.SelfLoops = true }, 4. / 6, 10},
		{"light edges", recorded, func(o *Options) { o.MinWeight = 0.001 }, 5. / 6, 6},
		{"nothing in common", "source,destination\nredis,email\n", func(*Options) {}, 0, 5},
		{"the other way", "source,destination\ncart,frontend\n", func(*Options) {}, 0, 5},
		{"nothing at all", "source,destination\ncart,cart\n", func(o *Options) { o.Which, o.SelfLoops = "identity", true }, 1, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := files(t, shop(), tc.compare)
			o.Output = "json"
			tc.set(o)
			if d := decode(t, o); math.Abs(*d.Jaccard-tc.want) > 1e-12 || len(d.Edges) != tc.shown {
				t.Errorf("similarity %v with %d edges shown, want %v with %d", *d.Jaccard, len(d.Edges), tc.want, tc.shown)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	for _, tc := range []struct {
		name string
		set  func(*Options)
		want string
	}{
		{"no model", func(o *Options) { o.ModelFile = "" }, "--model-file is required"},
		{"unknown output", func(o *Options) { o.Output = "png" }, `--output is "png", want one of table, csv, json, dot, mermaid`},
		{"a drawing", func(o *Options) { o.Output = "svg" }, "use dot, which Graphviz draws as SVG, or mermaid"},
		{"no graph", func(o *Options) { o.Which = "" }, "--which is empty"},
		{"negative weight", func(o *Options) { o.MinWeight = -1 }, "--min-weight is -1"},
		{"no number", func(o *Options) { o.MinWeight = math.NaN() }, "--min-weight is NaN"},
		{"infinite weight", func(o *Options) { o.MinWeight = math.Inf(1) }, "--min-weight is +Inf"},
		{"negative top", func(o *Options) { o.Top = -1 }, "--top is -1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := NewOptions()
			o.ModelFile = "model.safetensors"
			if err := o.Validate(); err != nil {
				t.Fatalf("the defaults are not valid: %v", err)
			}
			tc.set(o)
			if err := o.Validate(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestRunErrors(t *testing.T) {
	spaced := shop()
	spaced.Services[0] = " frontend"
	bare := shop()
	bare.Graphs = nil
	for _, tc := range []struct {
		name    string
		model   *artifact.Model
		compare string
		set     func(*Options)
		want    string
	}{
		{"no file", shop(), "", func(o *Options) { o.ModelFile = "absent" }, "--model-file: read model: stat absent"},
		{"unknown graph", shop(), "", func(o *Options) { o.Which = "learned" },
			`the model has no graph "learned", want one of combined, set, "invocation", "learned 1", "identity", "empty"`},
		{"unknown graph without a set", bare, "", func(o *Options) { o.Which = "x" }, `"x", want one of combined`},
		{"no set", bare, "", func(o *Options) { o.Which = WhichSet }, "the model keeps no set of graphs"},
		{"no known graph", shop(), "", func(o *Options) { o.Compare = "absent.csv" }, "absent.csv"},
		{"another application", shop(), "source,destination\nfrontend,cartt\n", func(*Options) {}, `line 2, column 10: service "cartt"`},
		{"name that CSV cannot hold", spaced, "", func(o *Options) { o.Output = "csv" }, `" frontend"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := files(t, tc.model, tc.compare)
			tc.set(o)
			var out bytes.Buffer
			if err := o.Run(&out); err == nil || !strings.Contains(err.Error(), tc.want) || out.Len() > 0 {
				t.Errorf("error %v and %d bytes written, want an error with %q and nothing", err, out.Len(), tc.want)
			}
		})
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestRunReportsThatNothingWasWritten(t *testing.T) {
	if err := files(t, shop(), "").Run(fullDisk{}); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("error %v, want that of the writer", err)
	}
}

// A graph without edges is an answer, which says what would show some.
func TestNoEdges(t *testing.T) {
	for want, set := range map[string]func(*Options){
		"the heaviest is 0.6, see --min-weight":               func(o *Options) { o.MinWeight = 0.7 },
		"only services to themselves, see --self-loops":       func(o *Options) { o.Which = "identity" },
		`0 edges of at least 0.01, 5 services, graph "empty"`: func(o *Options) { o.Which = "empty" },
	} {
		o := files(t, shop(), "")
		set(o)
		var out bytes.Buffer
		if err := o.Run(&out); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("error %v, output lacks %q:\n%s", err, want, out.String())
		}
		for _, output := range Formats() {
			o.Output = output
			if err := o.Run(&bytes.Buffer{}); err != nil {
				t.Errorf("--output %s: %v", output, err)
			}
		}
	}
}
