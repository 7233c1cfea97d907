package snapshots

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schedule says when the next snapshot is due.
type Schedule interface {
	Next(after time.Time) time.Time
}

type every time.Duration

func (e every) Next(after time.Time) time.Time { return after.Add(time.Duration(e)) }

// fields are the minutes, hours, days, months and weekdays that match.
type fields struct {
	values        [5]map[int]bool
	anyDay, anyWd bool
}

var (
	limits = [5][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}}
	names  = map[string]string{
		"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
		"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
	}
)

// ParseCron reads a schedule: five fields, a name such as @hourly, or @every with a duration.
func ParseCron(text string) (Schedule, error) {
	if duration, found := strings.CutPrefix(text, "@every "); found {
		parsed, err := time.ParseDuration(duration)
		if err != nil || parsed < time.Second {
			return nil, fmt.Errorf("failed to parse duration %s", text)
		}
		return every(parsed), nil
	}
	if replaced, known := names[text]; known {
		text = replaced
	}
	parts := strings.Fields(text)
	if len(parts) != 5 {
		return nil, fmt.Errorf("expected exactly 5 fields, found %d: [%s]", len(parts), text)
	}
	schedule := &fields{anyDay: strings.HasPrefix(parts[2], "*"), anyWd: strings.HasPrefix(parts[4], "*")}
	for i, part := range parts {
		values, err := parseField(part, limits[i])
		if err != nil {
			return nil, err
		}
		schedule.values[i] = values
	}
	if schedule.values[4][7] {
		schedule.values[4][0] = true
	}
	return schedule, nil
}

func parseField(text string, limit [2]int) (map[int]bool, error) {
	values := map[int]bool{}
	for part := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			var err error
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
				return nil, fmt.Errorf("failed to parse step: %s", part)
			}
		}
		from, to := limit[0], limit[1]
		if span != "*" && span != "?" {
			first, last, ranged := strings.Cut(span, "-")
			var err error
			if from, err = strconv.Atoi(first); err != nil {
				return nil, fmt.Errorf("failed to parse int from %s", part)
			}
			switch {
			case ranged:
				if to, err = strconv.Atoi(last); err != nil {
					return nil, fmt.Errorf("failed to parse int from %s", part)
				}
			case !stepped:
				to = from
			}
		}
		if from < limit[0] || to > limit[1] || from > to {
			return nil, fmt.Errorf("%s is not within %v", part, limit)
		}
		for value := from; value <= to; value += step {
			values[value] = true
		}
	}
	return values, nil
}

// Next looks minute by minute, but skips days and hours that do not match.
func (f *fields) Next(after time.Time) time.Time {
	next := after.Truncate(time.Minute).Add(time.Minute)
	for next.Before(after.AddDate(5, 0, 0)) {
		switch {
		case !f.values[3][int(next.Month())] || !f.day(next):
			next = time.Date(next.Year(), next.Month(), next.Day()+1, 0, 0, 0, 0, next.Location())
		case !f.values[1][next.Hour()]:
			next = next.Truncate(time.Hour).Add(time.Hour)
		case !f.values[0][next.Minute()]:
			next = next.Add(time.Minute)
		default:
			return next
		}
	}
	return next
}

// day matches both fields where one is a star, else either.
func (f *fields) day(moment time.Time) bool {
	matches := []bool{f.values[2][moment.Day()], f.values[4][int(moment.Weekday())]}
	if f.anyDay || f.anyWd {
		return !slices.Contains(matches, false)
	}
	return slices.Contains(matches, true)
}
