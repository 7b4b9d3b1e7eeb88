package season

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// document is the JSON form of a season.
type document struct {
	Step     string    `json:"step"`
	Origin   time.Time `json:"origin"`
	Period   int       `json:"period"`
	Width    int       `json:"width"`
	Carry    []float64 `json:"carry"`
	Services []entry   `json:"services"`
}

// entry is one service. Its profile is 16 bits for each bin, little-endian, from 0 to the
// highest rate: two bytes instead of eighteen digits, and finer than any load repeats.
type entry struct {
	Name    string    `json:"name"`
	Highest float64   `json:"highest"`
	Profile []byte    `json:"profile"`
	Spread  []float64 `json:"spread"`
	Worth   []float64 `json:"worth"`
}

// MarshalJSON rounds the profiles to 16 bits. A second round trip changes nothing.
func (s *Season) MarshalJSON() ([]byte, error) {
	d := document{Step: s.Step.String(), Origin: s.Origin, Period: s.Period, Width: s.Width, Carry: s.Carry}
	for n, name := range s.Services {
		e := entry{Name: name, Highest: slices.Max(s.Rates[n]), Spread: s.Spread[n], Worth: s.Worth[n]}
		for _, v := range s.Rates[n] {
			part := 0.0
			if e.Highest > 0 {
				part = v / e.Highest
			}
			e.Profile = binary.LittleEndian.AppendUint16(e.Profile, uint16(math.Round(part*math.MaxUint16)))
		}
		d.Services = append(d.Services, e)
	}
	return json.Marshal(d)
}

// UnmarshalJSON reads the output of MarshalJSON. An invalid season is an error.
func (s *Season) UnmarshalJSON(text []byte) error {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("season: %w", err)
	}
	step, err := time.ParseDuration(d.Step)
	if err != nil {
		return fmt.Errorf("season: step: %w", err)
	}
	out := Season{Step: step, Origin: d.Origin, Period: d.Period, Width: d.Width, Carry: d.Carry}
	for _, e := range d.Services {
		rates := make([]float64, 0, len(e.Profile)/2)
		for two := range slices.Chunk(e.Profile[:len(e.Profile)/2*2], 2) {
			rates = append(rates, float64(binary.LittleEndian.Uint16(two))/math.MaxUint16*e.Highest)
		}
		out.Services, out.Rates = append(out.Services, e.Name), append(out.Rates, rates)
		out.Spread, out.Worth = append(out.Spread, e.Spread), append(out.Worth, e.Worth)
	}
	if err := out.Validate(); err != nil {
		return err
	}
	*s = out
	return nil
}
