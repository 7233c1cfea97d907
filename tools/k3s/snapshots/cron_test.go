package snapshots

import (
	"testing"
	"time"
)

func TestASchedulesNextMoment(t *testing.T) {
	after := time.Date(2026, 11, 27, 23, 37, 10, 0, time.UTC) // a Friday
	for text, wanted := range map[string]string{
		"0 */12 * * *":  "2026-11-28T00:00:00Z",
		"*/5 * * * *":   "2026-11-27T23:40:00Z",
		"30 4 1 * *":    "2026-12-01T04:30:00Z",
		"0 8-10 * * 1":  "2026-11-30T08:00:00Z",
		"0 0 13 * 0":    "2026-11-29T00:00:00Z",
		"15,45 * * * *": "2026-11-27T23:45:00Z",
		"@hourly":       "2026-11-28T00:00:00Z",
		"@every 30s":    "2026-11-27T23:37:40Z",
		"0 0 29 2 *":    "2028-02-29T00:00:00Z",
	} {
		schedule, err := ParseCron(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if next := schedule.Next(after).Format(time.RFC3339); next != wanted {
			t.Errorf("%s is due at %s, not at %s", text, next, wanted)
		}
	}
	for _, text := range []string{"", "* * * *", "61 * * * *", "a * * * *", "*/0 * * * *", "@every soon"} {
		if _, err := ParseCron(text); err == nil {
			t.Errorf("%q is no schedule", text)
		}
	}
}
