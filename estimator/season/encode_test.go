package season_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator/season"
)

func TestJSON(t *testing.T) {
	before := fitted(t).Season
	text, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	var after season.Season
	if err := json.Unmarshal(text, &after); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, &after, cmpopts.EquateApprox(1e-4, 0)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	again, err := json.Marshal(&after)
	if err != nil || !bytes.Equal(again, text) {
		t.Errorf("the second time it is %s, error %v; the first %s", again, err, text)
	}
	if most := 60*2*2*2 + 500; len(text) > most {
		t.Errorf("%d bytes for two profiles of 60 bins, want at most %d", len(text), most)
	}
}

func TestBadJSON(t *testing.T) {
	text, err := json.Marshal(fitted(t).Season)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"period":60`, `"period":61`}, {`"period":60`, `"period":0`}, {`"width":1`, `"width":0`}, {`"width":1`, `"width":-1`},
		{`"step":"30s"`, `"step":"0s"`}, {`"step":"30s"`, `"step":"soon"`}, {`"highest":`, `"highest":-`},
		{`"carry":[`, `"carry":[2,`}, {`"worth":[`, `"worth":[0,`}, {`"spread":[`, `"spread":[-1,`}, {`"profile":"`, `"profile":"AAAA`},
	} {
		bad := strings.Replace(string(text), change[0], change[1], 1)
		var s season.Season
		if err := json.Unmarshal([]byte(bad), &s); err == nil || bad == string(text) {
			t.Errorf("%s in place of %s: no error", change[1], change[0])
		}
	}
}
