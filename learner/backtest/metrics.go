package backtest

import (
	"encoding/json"
	"math"

	"github.com/deepscaler/deepscaler/learner/dataset"
)

// Metrics are the errors of one predictor. In JSON an error that is not known is
// null.
type Metrics dataset.Metrics

type metricsJSON struct {
	Count  int      `json:"count"`
	Missed int      `json:"missed"`
	MAE    *float64 `json:"mae"`
	RMSE   *float64 `json:"rmse"`
	MAPE   *float64 `json:"mape"`
}

// MarshalJSON implements [json.Marshaler].
func (m Metrics) MarshalJSON() ([]byte, error) {
	return json.Marshal(metricsJSON{m.Count, m.Missed, finite(m.MAE), finite(m.RMSE), finite(m.MAPE)})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *Metrics) UnmarshalJSON(text []byte) error {
	var in metricsJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*m = Metrics{in.Count, in.Missed, known(in.MAE), known(in.RMSE), known(in.MAPE)}
	return nil
}

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func known(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}
