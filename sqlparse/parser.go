package sqlparse

import (
	"errors"
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

// bytePool lends buffers for canonical texts.
type bytePool struct{ pool sync.Pool }

func (p *bytePool) get() *[]byte {
	if lent, ok := p.pool.Get().(*[]byte); ok {
		return lent
	}
	return new([]byte)
}

// put takes a buffer back, unless a hostile text has made it large.
func (p *bytePool) put(lent *[]byte) {
	if cap(*lent) <= 64<<10 {
		p.pool.Put(lent)
	}
}

// parse gives a canonical text to the grammar. The parser panics on some
// literals (a decimal of more than 81 digits); that is an error here, and the
// parser that did it is not used again. A text that is not one statement to the
// parser is an error too.
func (p *parserPool) parse(text string, m Mode) (node ast.StmtNode, err error) {
	lent := p.get()
	defer func() {
		if v := recover(); v != nil {
			node, err = nil, fmt.Errorf("the parser gave up: %v", v)
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
	if len(parsed) != 1 {
		return nil, errStatements
	}
	return parsed[0], nil
}

// errStatements is returned where the parser sees none or several statements in one.
var errStatements = errors.New("the parser sees another number of statements")
