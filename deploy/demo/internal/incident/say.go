package incident

import (
	"fmt"
	"strings"
)

// width is where lines are broken, so that they fit a terminal of 100 columns.
const width = 98

func (s *Story) title(text string) { fmt.Fprintf(s.Out, "\n== %s ==\n", text) }

// say prints a sentence.
func (s *Story) say(format string, args ...any) {
	fmt.Fprintf(s.Out, "\n%s\n", wrap(fmt.Sprintf(format, args...), ""))
}

// statement prints what is sent.
func (s *Story) statement(text string) {
	fmt.Fprintf(s.Out, "%s\n", wrap("mysql> "+text, "    "))
}

// answer prints what came back.
func (s *Story) answer(format string, args ...any) {
	fmt.Fprintf(s.Out, "%s\n", wrap(fmt.Sprintf(format, args...), "    "))
}

// wrap breaks a text at spaces and indents every line; below an indented first line the others stand two columns in.
func wrap(text, indent string) string {
	var out strings.Builder
	line := indent
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case len(line)+1+len(word) > width:
			out.WriteString(line + "\n")
			line = indent + strings.Repeat(" ", min(len(indent), 2)) + word
		default:
			line += " " + word
		}
	}
	return out.String() + line
}
