package evaluate

import (
	"encoding/json"
	"fmt"
	"math"
)

// Metrics are the errors of predictions (paper §V-A). In JSON an unknown error is
// null.
type Metrics struct {
	// Count is the number of predicted labels, Missed the number of labels
	// without a prediction. The errors below exclude missed labels, so compare
	// predictors only if they missed the same.
	Count, Missed int
	// MAE and RMSE are the mean absolute and the root of the mean squared error
	// in the label's unit, NaN without a label.
	MAE, RMSE float64
	// MAPE is the mean absolute error relative to the label, in per cent. It
	// excludes labels nearer to 0 than [Tally.Epsilon], because a division by
	// them is meaningless. NaN without other labels.
	MAPE float64
}

// String returns the three errors.
func (m Metrics) String() string {
	return fmt.Sprintf("MAE %.4g, RMSE %.4g, MAPE %.4g %%", m.MAE, m.RMSE, m.MAPE)
}

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
