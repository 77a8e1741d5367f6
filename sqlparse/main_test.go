package sqlparse_test

import (
	"testing"

	"guardrail/proxy/mysqltest"
)

func TestMain(m *testing.M) { mysqltest.Main(m) }
