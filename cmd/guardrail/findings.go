package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"guardrail/policy/strictyaml"
)

// formats are the ways of telling mistakes: for people, for programs, and as
// annotations of GitHub Actions.
const formats = "text, json or github"

// printer tells mistakes in one format, each with the line it is in.
type printer struct {
	out    io.Writer
	format string
	lines  map[string][]string // the files' lines, read when first needed
}

func newPrinter(out io.Writer, format string) (*printer, error) {
	switch format {
	case "text", "json", "github":
		return &printer{out: out, format: format, lines: map[string][]string{}}, nil
	}
	return nil, fmt.Errorf("--format %q: use %s", format, formats)
}

// forget drops the files' lines, which may have changed.
func (p *printer) forget() { clear(p.lines) }

// conceal keeps a file's lines from being shown: they hold secrets.
func (p *printer) conceal(file string) { p.lines[file] = nil }

// mistakes tells an error that holds mistakes, and ends the process with 1
// then; any other error is returned as it is.
func (p *printer) mistakes(err error) error {
	var ms strictyaml.Mistakes
	if !errors.As(err, &ms) {
		return err
	}
	for _, m := range ms {
		p.tell("error", m)
	}
	if p.format == "text" {
		_, _ = fmt.Fprintln(p.out, count(len(ms), "mistake"))
	}
	return exitCode(1)
}

// tell writes one mistake.
func (p *printer) tell(level string, m strictyaml.Mistake) {
	m.What, m.Hint = strings.Map(visible, m.What), strings.Map(visible, m.Hint)
	switch p.format {
	case "json":
		text, _ := json.Marshal(map[string]any{
			"level": level, "file": m.Pos.File, "line": m.Pos.Line, "col": m.Pos.Col, "message": m.What, "hint": m.Hint,
		})
		_, _ = fmt.Fprintln(p.out, string(text))
	case "github":
		_, _ = fmt.Fprintf(p.out, "::%s file=%s,line=%d,col=%d::%s\n", level,
			escapeProperty(m.Pos.File), m.Pos.Line, m.Pos.Col, escapeData(strings.TrimPrefix(m.Error(), m.Pos.String()+": ")))
	default:
		prefix := ""
		if level != "error" {
			prefix = level + ": "
		}
		_, _ = fmt.Fprintf(p.out, "%s: %s%s\n%s", m.Pos, prefix, strings.TrimPrefix(m.Error(), m.Pos.String()+": "), p.excerpt(m.Pos))
	}
}

// excerpt is the line of a place with a mark below its column.
func (p *printer) excerpt(at strictyaml.Pos) string {
	lines, ok := p.lines[at.File]
	if !ok {
		text, _ := os.ReadFile(at.File) // without it the place alone is told
		lines = strings.Split(string(text), "\n")
		p.lines[at.File] = lines
	}
	if at.Line < 1 || at.Line > len(lines) || strings.TrimSpace(lines[at.Line-1]) == "" {
		return ""
	}
	line := []rune(strings.Map(visible, strings.TrimRight(lines[at.Line-1], "\r")))
	indent := strings.Repeat(" ", max(0, min(at.Col-1, len(line))))
	return "    " + string(line) + "\n    " + indent + "^\n"
}

// visible keeps a terminal from being driven by what a file holds.
func visible(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}

// escapeData and escapeProperty follow GitHub's workflow commands.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escapeData(s))
}

// count writes a number with its noun: "1 mistake", "2 mistakes".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
