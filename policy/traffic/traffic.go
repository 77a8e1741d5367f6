// Package traffic is the format in which an app's traffic is recorded, so that
// another policy can be rehearsed against it: lines of JSON, one for each shape
// of text that an account has sent in one schema and mode.
//
// The record holds no literal of any statement. It is bounded by whoever keeps
// it; what it lacks was not rehearsed, and is not told.
package traffic

import "time"

// Record is one shape of text that an account sends.
type Record struct {
	App         string `json:"app"`
	Account     string `json:"account"`
	Backend     string `json:"backend,omitempty"`
	Environment string `json:"environment"`
	Schema      string `json:"schema,omitempty"` // the session's default database
	Server      string `json:"server"`           // whose reading counts: mysql-8.4.7, mariadb-10.11.19
	SQLMode     string `json:"sql_mode,omitempty"`
	// LowerCaseNames is set where the server's lower_case_table_names is 1 or 2.
	LowerCaseNames bool      `json:"lower_case_table_names,omitempty"`
	Shape          string    `json:"shape"` // the shape's hash, in hexadecimal
	Count          uint64    `json:"count"`
	Refused        uint64    `json:"refused,omitempty"` // how many of them the policy in force refused
	FirstSeen      time.Time `json:"first_seen"`
	LastSeen       time.Time `json:"last_seen"`
	// Example reads as the texts of the shape do, in UTF-8 and with neutral
	// literals. It is empty where there is no such text; Masked shows it then.
	Example string `json:"example,omitempty"`
	Masked  string `json:"masked,omitempty"`
}
