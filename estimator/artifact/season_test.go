package artifact

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator/season"
)

func weekly() *season.Season {
	return &season.Season{
		Services: []string{"shop/cart", "shop/gone"}, Step: time.Hour, Origin: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC),
		Period: 4, Width: 2, Carry: []float64{1, 0.5},
		Rates:  [][]float64{{0, 65535}, {65535, 1}},
		Spread: [][]float64{{0.1, 0.2}, {0, 0}}, Worth: [][]float64{{1, 0.9}, {0, 0}},
	}
}

func TestSeasonRoundTrip(t *testing.T) {
	m := tiny()
	plain := m.Hash()
	m.Season = weekly()
	got, err := Read(bytes.NewReader(encode(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(weekly(), got.Season); diff != "" || got.Hash() != m.Hash() || got.Hash() == plain {
		t.Errorf("hash %s became %s, without a season %s (-written +read):\n%s", m.Hash(), got.Hash(), plain, diff)
	}
}

func TestSeasonIsValidated(t *testing.T) {
	m := tiny()
	m.Season = weekly()
	m.Season.Rates[0][1] = -1
	if err := m.Validate(); !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v, want one that wraps ErrInvalid", err)
	}
}
