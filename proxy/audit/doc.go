// Package audit keeps the record of what Guardrail refused, and of what it
// allowed although it destroys.
//
// The way of an event, and the file that tells each part:
//
//	audit.go     Event, and what the proxy sees of a recorder
//	id.go        ids that sort by time and know their issue
//	book.go      Book, the Recorder over a store: takes events in memory, exactly counted
//	intake.go    the counts and samples that wait for the store, by issue and minute
//	writer.go    the one goroutine that commits them; failing.go, what happens when it cannot
//	bell.go      what wakes it; patience.go, what tells those who wait for it that it takes too long
//	resume.go    what earlier writers left, and what was lost with them
//	mourn.go     what is inherited from a killed proxy of a fleet
//	ahead.go     destructive statements, stored by themselves before they are forwarded
//	journal.go   where that is done beside a file
//	files.go     whether a file's name still leads to what is written, and what is done where it does not
//	tally.go     a counter outside the process, which knows after a kill what was lost
//	lines.go     JSON lines for log shippers
//	store.go     what a store keeps: issues, events, counts by minute, ten minutes, hour and day
//	window.go    which counts answer for a time, so that a view reads a bounded number of rows
//	list.go      which issues there are in it; issues.go, events.go and counts.go tell of them
//	sql*.go      the store in SQL; sqlite.go and mysql.go are its two kinds
//	sightings.go which servers were met behind the backends' addresses
//	ledger.go    Ledger, which keeps what the apps send, in shapes and counts; traffic.go is its part of the store
//	collector.go metrics
//
// Events are grouped into issues: what the same app did against the same rule
// with the same shape of statement. An issue's count is exact; its events are
// samples, the first ones of every minute.
package audit
