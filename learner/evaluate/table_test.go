package evaluate

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	known := Errors{Model: Metrics{MAE: 1, RMSE: 2, MAPE: 3}, Persistence: Metrics{MAE: 4, RMSE: 5, MAPE: 6}, Seasonal: Metrics{MAE: 1234.5, RMSE: 0.00012, MAPE: 9}}
	unknown := Metrics{MAE: math.NaN(), RMSE: math.NaN(), MAPE: math.NaN()}
	c := Comparison{
		Overall: known, Horizons: []HorizonErrors{{1, known}, {3, known}},
		Services: []ServiceErrors{{"a", known}, {"silent", Errors{unknown, unknown, unknown, unknown, unknown}}},
	}
	var text strings.Builder
	if err := c.WriteTable(&text, true); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	var first []string
	for _, line := range lines {
		if fields := strings.Fields(line); len(fields) > 0 {
			first = append(first, fields[0])
		}
	}
	if want := []string{"steps", "1", "3", "all", "service", "a", "silent"}; !slices.Equal(first, want) {
		t.Errorf("lines begin with %q, want %q:\n%s", first, want, text.String())
	}
	if last := lines[len(lines)-1]; strings.Count(last, " -") != 15 {
		t.Errorf("a service without labels has errors: %q", last)
	}
	if !strings.Contains(text.String(), "1.000") || !strings.Contains(text.String(), " 1234 ") && !strings.Contains(text.String(), " 1235 ") {
		t.Errorf("numbers do not have four digits:\n%s", text.String())
	}
}
