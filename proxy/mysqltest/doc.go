// Package mysqltest runs real servers for tests: MySQL and MariaDB, on a free loopback port, with a throw-away data
// directory and the server's own TLS certificate.
//
// A test asks for a server with [MySQL], [MariaDB] or, for both in turn, [Each]. Without options all tests of a test
// binary share one server of each flavour; with options the test has one of its own, which ends with the test. A
// package that uses shared servers ends them in its TestMain:
//
//	func TestMain(m *testing.M) { mysqltest.Main(m) }
//
// Where a server is not installed the test is skipped, and fails instead when CI=true or GUARDRAIL_REQUIRE_SERVERS=1.
// deploy/test/install-servers installs them; the variables GUARDRAIL_MYSQLD and GUARDRAIL_MARIADBD name others.
//
// Reading order: mysqltest.go, server.go, find.go, datadir.go, process.go, certificate.go.
package mysqltest
