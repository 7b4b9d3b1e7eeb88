package load

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Unit is the unit of a profile's intensity.
type Unit string

// The units of a profile.
const (
	RPS   Unit = "rps"
	Users Unit = "users"
)

const maxSeconds = 7 * 24 * 3600

// ReadCSV reads a profile from a table with the header "second,rps" or
// "second,users". Seconds increase; an omitted one keeps the previous value. Errors
// name the line.
func ReadCSV(r io.Reader) (Profile, Unit, error) {
	table := csv.NewReader(r)
	table.FieldsPerRecord = 2
	table.ReuseRecord = true
	header, err := table.Read()
	if err != nil {
		return nil, "", fmt.Errorf("read load: %w; want a header second,rps or second,users", orEmpty(err))
	}
	unit := Unit(header[1])
	if header[0] != "second" || unit != RPS && unit != Users {
		return nil, "", fmt.Errorf("read load: line 1: the header is %q, want second,rps or second,users", header)
	}
	var p Profile
	for {
		record, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", fmt.Errorf("read load: %w", err)
		}
		line, _ := table.FieldPos(0)
		second, err := strconv.Atoi(record[0])
		if err != nil || second < len(p) || second >= maxSeconds {
			return nil, "", fmt.Errorf("read load: line %d: second %q, want a whole number after the one before and below %d", line, record[0], maxSeconds)
		}
		v, err := strconv.ParseFloat(record[1], 64)
		if err != nil || !(v >= 0 && v <= maxIntensity) {
			return nil, "", fmt.Errorf("read load: line %d: %s is %q, want a number from 0 to %d", line, unit, record[1], maxIntensity)
		}
		if len(p) == 0 && second != 0 {
			return nil, "", fmt.Errorf("read load: line %d: the first second is %d, want 0", line, second)
		}
		for len(p) < second {
			p = append(p, p[len(p)-1])
		}
		p = append(p, v)
	}
	if err := p.validate(); err != nil {
		return nil, "", fmt.Errorf("read load: %w", err)
	}
	return p, unit, nil
}

func orEmpty(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the table is empty")
	}
	return err
}
