package main

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"guardrail/policy"
)

// countsAsNone lists what sqlparse does not take for a WHERE that picks rows.
const countsAsNone = "1 = 1, id > 0, BETWEEN 1 AND 1000000, IS NOT NULL, <>, NOT IN, a bare column and IN (SELECT ...) without a WHERE may pick all rows and count as no WHERE"

// clientCommand finds a line by which the mysql client cuts a file into statements.
var clientCommand = regexp.MustCompile(`(?mi)^[ \t]*delimiter[ \t]+\S`)

var errDelimiter = errors.New("DELIMITER is a word of the mysql client's, which sends the statements between the delimiters one by one: explain them so")

// hangsOn says what a verdict hangs on, and how to say that here.
var hangsOn = map[policy.QuestionKind]string{
	policy.AskRows:   "the server's estimate: say it with --rows",
	policy.AskKeys:   "the table's keys: say them with --primary-key and --unique-key",
	policy.AskLimit:  "the value of the parameter in its LIMIT: write a number there",
	policy.AskValues: "what the key is compared with",
}

// missing says what the server would have to be asked, and how to say it here.
func missing(questions []policy.Question) string {
	var parts []string
	for _, q := range questions {
		if part := hangsOn[q.Kind]; !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", and on ")
}
