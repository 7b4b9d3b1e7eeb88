package telemetry

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/common/model"
)

// stock decodes as the client of Prometheus does.
func stock(body []byte) (value model.Value, warnings []string, err error) {
	var envelope struct {
		Status   string
		Warnings []string
		Data     struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return nil, nil, err
	}
	if envelope.Data.ResultType == "vector" {
		var vector model.Vector
		err = json.Unmarshal(envelope.Data.Result, &vector)
		return vector, envelope.Warnings, err
	}
	var series model.Matrix
	err = json.Unmarshal(envelope.Data.Result, &series)
	return series, envelope.Warnings, err
}

const begin, end = `{"status":"success","data":{"resultType":"matrix","result":[`, `]}}`

func TestDecodeSeries(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		ok   bool
	}{
		"none":                {begin + end, true},
		"two":                 {begin + `{"metric":{"namespace":"shop","workload":"web"},"values":[[1700000000,"1.5"],[1700000015.123,"NaN"]]},{"metric":{"namespace":"shop"},"values":[[1700000000.5,"+Inf"]]}` + end, true},
		"no labels":           {begin + `{"metric":{},"values":[[1,"-1e-7"]]}` + end, true},
		"escapes":             {begin + `{"metric":{"a":"\"ä\u00e9\n"},"values":[]}` + end, true},
		"spaces":              {" \n" + begin + ` { "metric" : { } , "values" : [ [ 1 , "2" ] ] } ` + end + "\n", true},
		"warnings":            {`{"status":"success","warnings":["partial, \"x\""],"infos":["PromQL info"],"data":{"resultType":"matrix","result":[]}}`, true},
		"histograms":          {begin + `{"metric":{},"histograms":[[1,{"count":"1","sum":"1"}]]}` + end, false},
		"vector":              {strings.Replace(begin, "matrix", "vector", 1) + `{"metric":{},"value":[1,"2"]},{"metric":{"a":"b"},"value":[1.5,"NaN"]}` + end, true},
		"empty vector":        {strings.Replace(begin, "matrix", "vector", 1) + end, true},
		"vector of series":    {strings.Replace(begin, "matrix", "vector", 1) + `{"metric":{},"values":[[1,"2"]]}` + end, false},
		"histogram":           {strings.Replace(begin, "matrix", "vector", 1) + `{"metric":{},"histogram":[1,{"count":"1","sum":"1"}]}` + end, false},
		"scalar":              {`{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}`, false},
		"type after":          {`{"status":"success","data":{"result":[],"resultType":"matrix"}}`, false},
		"error":               {`{"status":"error","errorType":"bad_data","error":"parse error"}`, false},
		"no status":           {`{"data":{"resultType":"matrix","result":[]}}`, false},
		"more than an object": {begin + end + begin + end, false},
		"garbage after":       {begin + end + "x", false},
		"cut":                 {begin + `{"metric":{},"values":[[1,"2"`, false},
		"no number":           {begin + `{"metric":{},"values":[[1,"x"]]}` + end, false},
		"number unquoted":     {begin + `{"metric":{},"values":[[1,2]]}` + end, false},
		"three parts":         {begin + `{"metric":{},"values":[[1,"2",3]]}` + end, false},
		"one part":            {begin + `{"metric":{},"values":[[1]]}` + end, false},
		"time in exponents":   {begin + `{"metric":{},"values":[[1e9,"2"]]}` + end, false},
		"time too fine":       {begin + `{"metric":{},"values":[[1.0001,"2"]]}` + end, false},
		"negative time":       {begin + `{"metric":{},"values":[[-1,"2"]]}` + end, false},
		"no result":           {`{"status":"success","data":{"resultType":"matrix"}}`, false},
		"HTML":                {"<html>", false},
	} {
		series, rest, ok := decodeSeries([]byte(c.body))
		if ok != c.ok {
			t.Errorf("%s: decoded %v, want %v", name, ok, c.ok)
		}
		if ok {
			sameAsStock(t, []byte(c.body), series, rest)
		}
	}
}

func sameAsStock(t *testing.T, body []byte, value model.Value, rest []byte) {
	t.Helper()
	want, warnings, err := stock(body)
	if err != nil {
		t.Errorf("%s: the stock decoder fails: %v", body, err)
	}
	if diff := cmp.Diff(want, value, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("%s (-stock +own):\n%s", body, diff)
	}
	left, kept, err := stock(rest)
	if err != nil || reflect.ValueOf(left).Len() > 0 {
		t.Errorf("%s: the rest is %s: %v", body, rest, err)
	}
	if diff := cmp.Diff(warnings, kept); diff != "" {
		t.Errorf("%s: warnings (-stock +own):\n%s", body, diff)
	}
}

// FuzzDecodeSeries checks that what is decoded is what the stock decoder decodes.
func FuzzDecodeSeries(f *testing.F) {
	f.Add([]byte(begin + `{"metric":{"namespace":"shop","workload":"web"},"values":[[1700000000,"1.5"],[1700000015.123,"NaN"]]}` + end))
	f.Add([]byte(`{"status":"success","warnings":["w"],"data":{"resultType":"matrix","result":[{"metric":{},"values":[]}]}}`))
	f.Add([]byte(strings.Replace(begin, "matrix", "vector", 1) + `{"metric":{"a":"b"},"value":[1.5,"NaN"]}` + end))
	f.Add([]byte(`{"status":"error"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		series, rest, ok := decodeSeries(body)
		if ok && json.Valid(body) && !twice(body) {
			sameAsStock(t, body, series, rest)
		}
	})
}

// twice reports whether a key may occur twice in an object, or in another case, which
// decoders treat differently.
func twice(body []byte) bool {
	text := strings.ToLower(string(body))
	for _, key := range []string{`"status"`, `"data"`, `"result"`, `"resulttype"`, `"warnings"`, `"infos"`} {
		if strings.Count(text, key) > 1 {
			return true
		}
	}
	return strings.Count(text, `"value"`) != strings.Count(string(body), `"value"`) || strings.Count(text, `"value"`) > strings.Count(text, `{"metric"`) ||
		strings.Count(text, `"values"`) != strings.Count(string(body), `"values"`) || strings.Contains(text, `\u`) ||
		strings.Count(text, `"values"`) > strings.Count(text, `{"metric"`)
}
