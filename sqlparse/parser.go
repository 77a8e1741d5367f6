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

// parse gives text to the grammar. The parser panics on some literals (a
// decimal of more than 81 digits); that is an error here, and the parser that
// did it is not used again.
func (p *parserPool) parse(text string, m Mode) (nodes []ast.StmtNode, err error) {
	lent := p.get()
	defer func() {
		if v := recover(); v != nil {
			nodes, err = nil, fmt.Errorf("the parser gave up: %v", v)
			return
		}
		p.put(lent)
	}()
	lent.SetSQLMode(grammarMode(m.SQLMode))
	lent.SetMariaDB(m.Server.Flavour == MariaDB)
	parsed, _, err := lent.ParseSQL(text, parser.CharsetClient(grammarCharset(m.Charset)))
	if err != nil {
		return nil, err
	}
	// The parser reuses its result slice with the next text.
	return append([]ast.StmtNode(nil), parsed...), nil
}

// grammarMode is m in the parser's bits.
func grammarMode(m SQLMode) mysql.SQLMode {
	var mode mysql.SQLMode
	for _, b := range []struct {
		ours   SQLMode
		theirs mysql.SQLMode
	}{
		{ANSIQuotes, mysql.ModeANSIQuotes},
		{NoBackslashEscapes, mysql.ModeNoBackslashEscapes},
		{PipesAsConcat, mysql.ModePipesAsConcat},
		{IgnoreSpace, mysql.ModeIgnoreSpace},
		{HighNotPrecedence, mysql.ModeHighNotPrecedence},
	} {
		if m&b.ours != 0 {
			mode |= b.theirs
		}
	}
	return mode
}

// grammarCharset is c in the parser's names.
func grammarCharset(c Charset) string {
	switch c {
	case CharsetGBK:
		return "gbk"
	case CharsetGB18030:
		return "gb18030"
	case CharsetSingleByte:
		return "latin1"
	}
	return "utf8mb4"
}
