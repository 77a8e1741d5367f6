// Package dashboard is the page that someone on call opens at night: what is
// being destroyed, who is refused, why, and what can be done.
//
// Every view is plain HTML that the server renders from the audit store; the
// script that comes with it only keeps a view fresh and copies texts. The files,
// in reading order:
//
//	dashboard.go  Options, New, the routes
//	guard.go      what the page asks of the policies and of the proxy's health
//	limits.go     what a view may cost the process
//	query.go      filters, kept in the address
//	overview.go   the first view: refusals by app, issues, health
//	losses.go     its first card: what was taken away, or would have been
//	issue.go      one issue: why, when, who, what to do; acknowledging
//	events.go     events one by one
//	baseline.go   what is usual; series.go, what it is of
//	chart.go      bars, drawn on the server
//	words.go      plain words for what was decided
//	visible.go    no text turns the page around
//	live.go       tells open pages that something is new
//	access.go     who may look: basic auth, or a header of a trusted proxy
//	headers.go    what browsers are told to forbid
package dashboard
