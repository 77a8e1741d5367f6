package sqlparse

import (
	"fmt"
	"sync"

	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/mysql"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver" // the values the parser builds
)

// parserPool lends TiDB parsers, which keep state between two texts and must
// not be shared by two goroutines.
type parserPool struct{ pool sync.Pool }

func (p *parserPool) get() *parser.Parser {
	if lent, ok := p.pool.Get().(*parser.Parser); ok {
		return lent
	}
	return parser.New()
}

func (p *parserPool) put(lent *parser.Parser) { p.pool.Put(lent) }

// parse gives a canonical text to the grammar. The parser panics on some
// literals (a decimal of more than 81 digits); that is an error here, and the
// parser that did it is not used again.
func (p *parserPool) parse(text string, m Mode) (nodes []ast.StmtNode, err error) {
	lent := p.get()
	defer func() {
		if v := recover(); v != nil {
			nodes, err = nil, fmt.Errorf("the parser gave up: %v", v)
			return
		}
		p.put(lent)
	}()
	mode := mysql.ModePipesAsConcat // the canonical text writes OR where || means it
	if m.SQLMode.has(HighNotPrecedence) {
		mode |= mysql.ModeHighNotPrecedence
	}
	lent.SetSQLMode(mode)
	lent.SetMariaDB(m.Server.Flavour == MariaDB)
	parsed, _, err := lent.ParseSQL(text)
	if err != nil {
		return nil, err
	}
	// The parser reuses its result slice with the next text.
	return append([]ast.StmtNode(nil), parsed...), nil
}
