package dashboard

import (
	"context"
	"slices"
	"time"

	"guardrail/proxy/audit"
)

// appIn is an app in an environment: several of them may share a record.
type appIn struct{ environment, app string }

// series are the events of each app in each environment, by a grain of time.
func (d *Dashboard) series(ctx context.Context, f audit.Filter) (map[appIn][]audit.Point, time.Duration, error) {
	values, err := d.Store.Values(ctx, f.From, menuEntries)
	if err != nil {
		return nil, 0, err
	}
	environments := slices.DeleteFunc(values["environment"], func(e string) bool { return !inEnvironment(f.Conditions, e) })
	if len(environments) == 0 {
		_, grain, err := d.Store.Series(ctx, f)
		return nil, grain, err
	}
	out, grain := map[appIn][]audit.Point{}, time.Duration(0)
	others := slices.DeleteFunc(slices.Clone(f.Conditions), ofEnvironment)
	for _, environment := range environments {
		f.Conditions = others
		points, step, err := d.Store.Series(ctx, f.With("environment", environment))
		if err != nil {
			return nil, 0, err
		}
		for app, p := range points {
			out[appIn{environment, app}] = p
		}
		grain = max(grain, step) // what is finer adds up
	}
	return out, grain, nil
}

func ofEnvironment(c audit.Condition) bool { return c.Field == "environment" }

// inEnvironment reports whether conditions let an environment pass.
func inEnvironment(conditions []audit.Condition, environment string) bool {
	asked, named := false, false
	for _, c := range conditions {
		switch {
		case !ofEnvironment(c):
		case c.Not && c.Value == environment:
			return false
		case !c.Not:
			asked, named = true, named || c.Value == environment
		}
	}
	return !asked || named
}
