package main

import (
	"context"
	"fmt"
	"os/exec"

	"guardrail/proxy/mysqltest"
)

const (
	account  = "bench" // with mysqltest.Password
	database = "bench"
	tables   = 4
	rows     = 10000 // of each table
)

// durable are MySQL's own defaults, under which a commit is on disk when it is
// answered: what a server in production does, and the tests' servers do not.
var durable = []string{"--innodb-flush-log-at-trx-commit=1", "--innodb-flush-method=O_DIRECT", "--innodb-doublewrite=ON",
	"--innodb-use-native-aio=ON", "--log-bin=binlog", "--sync-binlog=1"}

// startServer starts MySQL and fills sysbench's tables.
func startServer(ctx context.Context, o options) (*mysqltest.Server, error) {
	args := []string{"--innodb-buffer-pool-size=512M", "--max-connections=12000", "--open-files-limit=20000"}
	if o.durable {
		args = append(args, durable...)
	}
	s, err := mysqltest.StartMySQL(mysqltest.Port(o.port), mysqltest.Args(args...))
	if err != nil {
		return nil, fmt.Errorf("%w (deploy/test/install-servers installs what is needed)", err)
	}
	if err := fill(ctx, s); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func fill(ctx context.Context, s *mysqltest.Server) error {
	for _, text := range []string{
		"CREATE DATABASE " + database,
		"CREATE USER " + account + " IDENTIFIED BY '" + mysqltest.Password + "'",
		"GRANT ALL ON " + database + ".* TO " + account,
	} {
		if _, err := s.Admin().ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	out, err := exec.CommandContext(ctx, "sysbench", sysbenchArgs("oltp_read_write", s.Addr(), "prepare")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("sysbench prepare: %w: %s", err, out)
	}
	return nil
}
