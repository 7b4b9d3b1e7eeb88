package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unsafe"

	"github.com/go-faster/jx"
	"github.com/prometheus/common/model"
)

// decoded is where the series of an answer go that [decodeSeries] could decode: samples in
// the order of the answer, or series of samples.
type decoded struct{ value model.Value }

type decodedKey struct{}

// withDecoded lets [endpoint.Do] decode an answer by itself. The client of Prometheus
// decodes it three times over, which would be more than half the processor time of a tick
// with many services.
func withDecoded(ctx context.Context) (context.Context, *decoded) {
	a := &decoded{}
	return context.WithValue(ctx, decodedKey{}, a), a
}

// errUnusual is returned for what the stock decoder had better see.
var errUnusual = errors.New("unusual answer")

// decodeSeries decodes the matrix or vector of a successful answer to a query, and returns
// the rest of the answer without its elements; neither keeps body. It returns false, and the stock decoder takes
// over, for everything else: errors, histograms, other types and malformed answers.
func decodeSeries(body []byte) (value model.Value, rest []byte, ok bool) {
	var r seriesReader
	d := jx.DecodeBytes(body)
	if err := d.ObjBytes(r.envelope); err != nil || !r.success || !r.result {
		return nil, nil, false
	}
	if err := d.Skip(); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, nil, false
	}
	rest = fmt.Appendf(rest, `{"status":"success","data":{"resultType":%q,"result":[]}%s}`, r.kind, r.remarks)
	if r.kind == model.ValVector.String() {
		return r.vector, rest, true
	}
	return r.series, rest, true
}

// seriesReader reads an answer.
type seriesReader struct {
	success, result bool
	kind            string
	series          model.Matrix
	vector          model.Vector
	// remarks are the fields with warnings as they are in the answer.
	remarks []byte
	// names has the names of labels, which are few.
	names []model.LabelName
}

func (r *seriesReader) envelope(d *jx.Decoder, key []byte) error {
	switch string(key) {
	case "status":
		status, err := d.StrBytes()
		r.success = string(status) == "success"
		return err
	case "data":
		return d.ObjBytes(r.data)
	case "warnings", "infos":
		name := bytes.Clone(key)
		raw, err := d.Raw()
		r.remarks = append(append(append(append(r.remarks, `,"`...), name...), `":`...), raw...)
		return err
	case "error", "errorType":
		return errUnusual
	}
	return d.Skip()
}

func (r *seriesReader) data(d *jx.Decoder, key []byte) error {
	switch string(key) {
	case "resultType":
		kind, err := d.StrBytes()
		r.kind = string(kind)
		return err
	case "result":
		r.result = true
		switch r.kind {
		case model.ValMatrix.String():
			return d.Arr(r.one)
		case model.ValVector.String():
			return d.Arr(r.single)
		}
		return errUnusual
	}
	return d.Skip()
}

// one reads a series.
func (r *seriesReader) one(d *jx.Decoder) error {
	s := &model.SampleStream{}
	if n := len(r.series); n > 0 {
		// Series of one answer have about as many labels and samples.
		s.Metric = make(model.Metric, len(r.series[n-1].Metric))
		s.Values = make([]model.SamplePair, 0, len(r.series[n-1].Values))
	}
	r.series = append(r.series, s)
	return d.ObjBytes(func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "metric":
			if s.Metric == nil {
				s.Metric = model.Metric{}
			}
			return r.metric(d, s.Metric)
		case "values":
			return d.Arr(func(d *jx.Decoder) error {
				p, err := sample(d)
				s.Values = append(s.Values, p)
				return err
			})
		}
		return errUnusual
	})
}

// single reads a sample of a vector.
func (r *seriesReader) single(d *jx.Decoder) error {
	s := &model.Sample{Metric: model.Metric{}}
	r.vector = append(r.vector, s)
	return d.ObjBytes(func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "metric":
			return r.metric(d, s.Metric)
		case "value":
			p, err := sample(d)
			s.Timestamp, s.Value = p.Timestamp, p.Value
			return err
		}
		return errUnusual
	})
}

// metric reads labels into m.
func (r *seriesReader) metric(d *jx.Decoder, m model.Metric) error {
	return d.ObjBytes(func(d *jx.Decoder, key []byte) error {
		name := r.name(key)
		value, err := d.Str()
		m[name] = model.LabelValue(value)
		return err
	})
}

func (r *seriesReader) name(key []byte) model.LabelName {
	for _, n := range r.names {
		if string(n) == string(key) {
			return n
		}
	}
	n := model.LabelName(key)
	r.names = append(r.names, n)
	return n
}

// sample reads [seconds, "value"].
func sample(d *jx.Decoder) (p model.SamplePair, err error) {
	n := 0
	err = d.Arr(func(d *jx.Decoder) (err error) {
		n++
		switch n {
		case 1:
			var seconds jx.Num
			if seconds, err = d.Num(); err == nil {
				p.Timestamp, err = milliseconds(seconds)
			}
		case 2:
			var text []byte
			if text, err = d.StrBytes(); err == nil {
				var v float64
				// ParseFloat does not retain its argument, and an error is dropped here.
				v, err = strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), 64)
				p.Value = model.SampleValue(v)
			}
		}
		return err
	})
	if err == nil && n != 2 {
		err = errUnusual
	}
	return p, err
}

// milliseconds returns a time in whole seconds with up to three decimals, as Prometheus
// writes it.
func milliseconds(seconds []byte) (model.Time, error) {
	var ms int64
	decimals := -1
	for _, c := range seconds {
		switch {
		case c == '.' && decimals < 0:
			decimals = 0
			continue
		case c < '0' || c > '9' || decimals == 3 || ms > 1<<53:
			return 0, errUnusual
		}
		ms = 10*ms + int64(c-'0')
		if decimals >= 0 {
			decimals++
		}
	}
	for range 3 - max(decimals, 0) {
		ms *= 10
	}
	return model.Time(ms), nil
}
