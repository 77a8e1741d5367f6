package sqlparse

import (
	"slices"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// What takes rows away in statements whose first words do not say so.

// replaces reads what takes the rows away that are in the way of new ones.
func (w *walk) replaces(t *ast.TableName) {
	w.st.Destructive = true
	w.table(t, "DELETE")
}

// engines looks for the engines that a table or its partitions are moved to.
func (w *walk) engines(s *ast.AlterTableSpec) {
	partitions := s.PartDefinitions
	if s.Partition != nil {
		partitions = s.Partition.Definitions
	}
	all := slices.Clone(s.Options)
	for _, p := range partitions {
		all = append(all, p.Options...)
	}
	for _, o := range all {
		if o.Tp == ast.TableOptionEngine {
			w.movesTo(o.StrValue)
		}
	}
}

// engines looks for the engine that a table is moved to before end.
func (b *bones) engines(end int) {
	for i := b.i; i < end; i++ {
		if !b.f.is(i, "ENGINE") {
			continue
		}
		at := i + 1
		if b.f.op(at, '=') {
			at++
		}
		if name, ok := b.f.name(at); ok {
			b.w.movesTo(name)
		} else if t := b.f.at(at); t.Type == TokenString {
			b.w.movesTo(string(b.f.lexed.stringValue(t)))
		}
	}
}

// movesTo notes the engine that a table is moved to: BLACKHOLE keeps no rows,
// MEMORY none over a restart, and of others it is not known.
func (w *walk) movesTo(engine string) {
	switch strings.ToLower(engine) {
	case "innodb", "xtradb", "myisam", "aria", "rocksdb", "tokudb", "ndb", "ndbcluster", "archive", "csv":
	default:
		w.st.Destructive = true
	}
}

// ignores notes MariaDB's ALTER IGNORE TABLE, which takes the rows away that a
// new key forbids.
func (w *walk) ignores(f fragment) {
	if w.st.Kind != "alter_table" {
		return
	}
	for i := 1; f.isAny(i, "ONLINE", "IGNORE"); i++ {
		w.st.Destructive = w.st.Destructive || f.is(i, "IGNORE")
	}
}
