package affinity

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// hostile are names that mean something to XML, Graphviz, CSV or a terminal.
func hostile() []string {
	return []string{
		`<text><script>alert(1)<script>`, `a"b`, `back\slash\`, `"quoted"`, `&amp; &lt;`, `a -> b; } digraph {`,
		`\N \G \l`, `]]>`, "\uffff\ufffe", "\u202eevil", `'+'`, `服务 é`, `a,b`, strings.Repeat("long-", 100), `<!--`, `a\"b`, `a\b`, `a\\b`,
	}
}

// hostileGraph has every hostile name as a source and as a destination.
func hostileGraph(t *testing.T) *Options {
	t.Helper()
	names := hostile()
	n := len(names)
	a := make([]float32, n*n)
	for i := range n {
		a[i*n+(i+1)%n], a[i*n+i] = 0.5, 0.25
	}
	o := files(t, newModel(names, a), "")
	o.SelfLoops = true
	return o
}

// What Graphviz reads of names is the names: \" is a quote, and in labels \\ is
// a backslash and &amp; an ampersand.
func TestDOTEscapes(t *testing.T) {
	o := hostileGraph(t)
	o.Output = "dot"
	var out bytes.Buffer
	if err := o.Run(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	names := hostile()
	lines = lines[4:] // the head
	ids := map[string]string{}
	for i, name := range names {
		id, rest := quoted(t, strings.TrimSpace(lines[i]))
		label := id
		if after, ok := strings.CutPrefix(rest, " [label="); ok {
			label, rest = quoted(t, after)
			label = strings.NewReplacer(`\\`, `\`, "&amp;", "&").Replace(label)
			rest = strings.TrimPrefix(rest, "]")
		}
		if label != printable(name) || rest != ";" {
			t.Errorf("%q is shown as %q, with the rest %q", name, label, rest)
		}
		ids[id] = name
	}
	if len(ids) != len(names) {
		t.Errorf("%d names have %d identities", len(names), len(ids))
	}
	edges := lines[len(names) : len(lines)-1]
	if len(edges) != 2*len(names) {
		t.Errorf("there are %d edges, want %d", len(edges), 2*len(names))
	}
	for _, line := range edges {
		source, rest := quoted(t, strings.TrimSpace(line))
		destination, rest := quoted(t, strings.TrimPrefix(rest, " -> "))
		if ids[source] == "" || ids[destination] == "" || !strings.HasPrefix(rest, " [penwidth=") {
			t.Errorf("%q is no edge between known services", line)
		}
	}
}

// quoted reads a quoted string of the DOT language and returns what follows it.
func quoted(t *testing.T, text string) (value, rest string) {
	t.Helper()
	if !strings.HasPrefix(text, `"`) {
		t.Fatalf("%q does not begin with a quoted string", text)
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
			if i < len(text) && text[i] != '"' {
				value += `\`
			}
			value += text[i:min(i+1, len(text))]
		case '"':
			return value, text[i+1:]
		default:
			value += text[i : i+1]
		}
	}
	t.Fatalf("%q has no end", text)
	return "", ""
}

// Nothing of a name but its number reaches Mermaid.
func TestMermaidEscapes(t *testing.T) {
	o := hostileGraph(t)
	o.Output = "mermaid"
	var out bytes.Buffer
	if err := o.Run(&out); err != nil {
		t.Fatal(err)
	}
	node := regexp.MustCompile(`^  s\d+\["([-_./a-zA-Z0-9]|#\d+;)*"\]$`)
	edge := regexp.MustCompile(`^  s\d+ -->\|0\.\d{4}\| s\d+$`)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")[2:]
	for i, line := range lines {
		want := node
		if i >= len(hostile()) {
			want = edge
		}
		if !want.MatchString(line) {
			t.Errorf("line %d is %q", i, line)
		}
	}
	if len(lines) != 3*len(hostile()) {
		t.Errorf("%d lines, want %d", len(lines), 3*len(hostile()))
	}
}
