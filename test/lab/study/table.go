package main

import (
	"fmt"
	"strings"
)

// document is text in Markdown.
type document struct{ strings.Builder }

func (d *document) heading(level int, text string) {
	d.gap()
	fmt.Fprintf(d, "%s %s\n", strings.Repeat("#", level), text)
}

func (d *document) paragraph(format string, args ...any) {
	d.gap()
	fmt.Fprintf(d, format+"\n", args...)
}

// table writes rows of as many cells as the header has. The first column is to
// the left, the others are to the right.
func (d *document) table(header []string, rows [][]string) {
	d.gap()
	d.row(header)
	d.WriteString("|:--" + strings.Repeat("|--:", len(header)-1) + "|\n")
	for _, r := range rows {
		d.row(r)
	}
}

func (d *document) row(cells []string) {
	for _, cell := range cells {
		d.WriteString("| " + strings.ReplaceAll(cell, "|", `\|`) + " ")
	}
	d.WriteString("|\n")
}

func (d *document) gap() {
	if d.Len() > 0 {
		d.WriteString("\n")
	}
}

// origin notes results of more than one program.
func (d *document) origin(r results) {
	if n := r.builds(); n > 1 {
		d.paragraph("These runs come from %d builds of the program; without the JSON file, all are done anew.", n)
	}
}
