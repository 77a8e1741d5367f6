// Package strictyaml reads YAML that people write by hand: it refuses what YAML
// lets slip (unknown and repeated keys, second documents, anchors, tags, values
// of another type) and tells every mistake of a text at once, each with its
// place and what to write instead.
//
// A reader walks the Values it expects and never stops at a mistake: a Value
// that is missing or wrong reads as its zero value, and the Report remembers.
package strictyaml
