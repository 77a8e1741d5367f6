package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"guardrail/cmd/guardrail/internal/app"
	"guardrail/cmd/guardrail/internal/config"
	"guardrail/policy/traffic"
	"guardrail/proxy/audit"
)

// auditCommand lists, follows and exports the record.
type auditCommand struct {
	config       string
	store        string
	passwordFile string
	conditions   map[string]*[]string
	since        age
	from, to     string
	limit        int
	format       string
	issues       bool
	follow       bool
	traffic      bool
}

// followEvery is how often a followed record is looked at.
const followEvery = 500 * time.Millisecond

func newAuditCommand() *cobra.Command {
	c := auditCommand{conditions: map[string]*[]string{}}
	cmd := &cobra.Command{
		Use:   "audit [EVENT]",
		Short: "Show the record: what was refused, and what was destroyed",
		Long: `Show the record, the latest event last: refusals, statements that would be
refused, destructive statements that were allowed, logins refused, and changes
of the policies. With the id that stands in a client's error, show that event.

The store is the one that the configuration names, or --store. Each filter can
be given several times; a value that begins with ! is left out. An issue counts
all its events; of an issue's many events the first of every minute are kept.

Formats: text, with times in the zone of TZ; csv, with a line of names; json, one
object a line: an event as documented in the README under "JSON lines", an issue
under the names that csv has. These two have their times in UTC.`,
		Example: `  guardrail audit --since 24h --app accounting-web
  guardrail audit --issues --decision refused --limit 10000 --format csv > refused.csv
  guardrail audit -f --client '!10.0.0.7'
  guardrail audit --traffic > traffic.jsonl
  guardrail audit 01M81K80R4VY3CWY2NYQ0M9WQ7`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args) },
	}
	f := cmd.Flags()
	f.StringVarP(&c.config, "config", "c", "guardrail.yaml", "configuration file, for the store")
	f.StringVar(&c.store, "store", "", "a store in place of the configuration's: a file, or mysql://user@host:port/database")
	f.StringVar(&c.passwordFile, "password-file", "", "file with the password of a MySQL --store")
	for _, field := range audit.Fields() {
		c.conditions[field] = f.StringArray(field, nil, "only events of this "+field+"; !VALUE for all others")
	}
	c.since = age(24 * time.Hour)
	f.Var(&c.since, "since", "how far back: 90m, 24h, 7d")
	f.StringVar(&c.from, "from", "", "from a moment on, in place of --since: 2026-12-01T03:00:00+09:00")
	f.StringVar(&c.to, "to", "", "up to a moment")
	f.IntVarP(&c.limit, "limit", "n", 100, "at most so many, the latest")
	f.StringVar(&c.format, "format", "text", "text, json or csv")
	f.BoolVar(&c.issues, "issues", false, "issues with their counts in place of events")
	f.BoolVar(&c.traffic, "traffic", false, "what the apps send in place of events: lines of JSON for diff and suggest, one for each shape of statement")
	f.BoolVarP(&c.follow, "follow", "f", false, "go on with new events as they come")
	return cmd
}

func (c *auditCommand) run(cmd *cobra.Command, args []string) error {
	filter, err := c.filter(time.Now())
	if err != nil {
		return err
	}
	if err := c.agree(cmd, args); err != nil {
		return err
	}
	out, err := newAuditPrinter(cmd.OutOrStdout(), c.format, c.issues)
	if err != nil {
		return err
	}
	store, err := c.open()
	if err != nil {
		return err
	}
	defer store.Close()
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	switch {
	case c.traffic:
		records, err := store.Traffic(ctx, "")
		if err != nil {
			return err
		}
		return traffic.Write(cmd.OutOrStdout(), records...)
	case len(args) > 0:
		return c.event(ctx, store, out, args[0])
	case c.issues:
		return c.list(ctx, store, out, filter, cmd.ErrOrStderr())
	}
	return c.events(ctx, store, out, filter, cmd.ErrOrStderr())
}

func (c *auditCommand) open() (*audit.Store, error) {
	from := config.Audit{Store: c.store, PasswordFile: c.passwordFile}
	if c.store == "" {
		o, err := config.LoadAside(c.config)
		if err != nil {
			return nil, err
		}
		from = o.Audit
	}
	return openStore(from)
}

// openStore opens a store that is there.
func openStore(from config.Audit) (*audit.Store, error) {
	if !from.IsMySQL() {
		if _, err := os.Stat(from.Store); err != nil {
			return nil, fmt.Errorf("the record: %w", err)
		}
	}
	return app.OpenStore(from)
}

func (c *auditCommand) filter(now time.Time) (audit.Filter, error) {
	f := audit.Filter{From: now.Add(-time.Duration(c.since))}
	for _, field := range audit.Fields() {
		for _, v := range *c.conditions[field] {
			condition := audit.Condition{Field: field, Value: v}
			if len(v) > 1 && v[0] == '!' {
				condition.Value, condition.Not = v[1:], true
			}
			f.Conditions = append(f.Conditions, condition)
		}
	}
	var err error
	if f.From, err = moment("--from", c.from, f.From); err != nil {
		return f, err
	}
	if f.To, err = moment("--to", c.to, f.To); err != nil {
		return f, err
	}
	if !f.To.IsZero() && !f.To.After(f.From) {
		return f, errors.New("--to is before the time that is asked for begins")
	}
	for _, d := range *c.conditions["decision"] {
		if !slices.Contains(audit.Decisions(), audit.Decision(strings.TrimPrefix(d, "!"))) {
			return f, fmt.Errorf("--decision %q: use one of %v", d, audit.Decisions())
		}
	}
	if c.follow && (c.issues || c.to != "") {
		return f, errors.New("--follow goes with events, and without --to")
	}
	if c.issues && len(*c.conditions["account"]) > 0 {
		return f, errors.New("an issue has many accounts: --account goes with events")
	}
	if c.limit < 1 {
		return f, errors.New("--limit must be at least 1")
	}
	return f, nil
}

// agree refuses flags that would be ignored.
func (c *auditCommand) agree(cmd *cobra.Command, args []string) error {
	var what string
	switch {
	case c.traffic:
		what = "--traffic shows all that is recorded, as lines of JSON"
	case len(args) > 0:
		what = "one event is shown by its id"
	default:
		return nil
	}
	ignored := append(audit.Fields(), "since", "from", "to", "limit", "issues", "follow")
	if c.traffic {
		ignored = append(ignored, "format")
		if len(args) > 0 {
			return errors.New(what + ": leave out " + args[0])
		}
	}
	var odd []string
	for _, name := range ignored {
		if cmd.Flags().Changed(name) {
			odd = append(odd, "--"+name)
		}
	}
	if len(odd) > 0 {
		return errors.New(what + ": leave out " + strings.Join(odd, ", "))
	}
	return nil
}

// age is how long ago something was, as a flag: a duration, which may be of days.
type age time.Duration

func (a *age) String() string { return time.Duration(*a).String() }
func (a *age) Type() string   { return "duration" }

func (a *age) Set(text string) error {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d <= 0 || d > 100*365*24*time.Hour {
		return errors.New("write it as 90m, 24h or 7d")
	}
	*a = age(d)
	return nil
}

func moment(flag, text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%s: %q is no moment; write it as 2026-12-01T03:00:00+09:00", flag, text)
	}
	return at, nil
}

// event shows one event, or says which issue counted it.
func (c *auditCommand) event(ctx context.Context, s *audit.Store, out auditPrinter, id string) error {
	k, err := s.Event(ctx, id)
	if errors.Is(err, audit.ErrNotFound) && k.Issue != 0 {
		return fmt.Errorf("event %s was counted and not kept in detail; it is one of issue %s", id, k.Issue)
	}
	if err != nil {
		return fmt.Errorf("event %s: %w", id, err)
	}
	out.event(k)
	return out.flush()
}

func (c *auditCommand) list(ctx context.Context, s *audit.Store, out auditPrinter, f audit.Filter, notes io.Writer) error {
	issues, total, err := s.Issues(ctx, f, audit.ByLast, c.limit, 0)
	if err != nil {
		return err
	}
	for i := len(issues) - 1; i >= 0; i-- {
		out.issue(issues[i])
	}
	if err := out.flush(); err != nil {
		return err
	}
	if total > len(issues) {
		_, _ = fmt.Fprintf(notes, "%d of %s; --limit %d shows all\n", len(issues), count(total, "issue"), total)
	}
	c.noteNone(notes, total, "issue")
	return nil
}

// noteNone says that nothing was found, where the output does not.
func (c *auditCommand) noteNone(notes io.Writer, found int, what string) {
	if found == 0 && c.format == "text" && !c.follow {
		_, _ = fmt.Fprintf(notes, "no %ss; the time that is asked for and the filters say which\n", what)
	}
}

// latest returns the latest events, and notes what the limit has cut off.
func (c *auditCommand) latest(ctx context.Context, s *audit.Store, f audit.Filter, notes io.Writer) ([]audit.Kept, error) {
	events, err := s.Events(ctx, f, "", c.limit+1)
	if err != nil {
		return nil, err
	}
	if len(events) > c.limit {
		events = events[:c.limit]
		if !c.follow {
			_, _ = fmt.Fprintf(notes, "the latest %s, and there are more; a larger --limit shows them\n", count(c.limit, "event"))
		}
	}
	c.noteNone(notes, len(events), "event")
	return events, nil
}

// events shows events, the latest last, and with --follow those that come.
func (c *auditCommand) events(ctx context.Context, s *audit.Store, out auditPrinter, f audit.Filter, notes io.Writer) error {
	shown := map[string]time.Time{}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		events, err := c.latest(ctx, s, f, notes)
		if err != nil && ctx.Err() == nil {
			return err
		}
		for i := len(events) - 1; i >= 0; i-- {
			if _, again := shown[events[i].ID]; !again {
				shown[events[i].ID] = events[i].Time
				out.event(events[i])
			}
		}
		if err := out.flush(); err != nil || !c.follow {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		f.From = catchUp(shown, time.Now())
		c.limit = max(c.limit, 1000)
	}
}

// catchUp is from when on events may still come: another proxy stores its own
// a little later. What was shown before is forgotten.
func catchUp(shown map[string]time.Time, now time.Time) time.Time {
	from := now.Add(-10 * time.Second)
	for id, at := range shown {
		if at.Before(from) {
			delete(shown, id)
		}
	}
	return from
}
