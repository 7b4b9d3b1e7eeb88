package artifact_test

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/estimator/artifact"
)

// A model is written and read back. A damaged file is refused with a reason.
func Example() {
	m := &artifact.Model{
		Kind:            artifact.KindDeepScaler,
		Services:        []string{"cart", "web"},
		Features:        []string{"replicas"},
		Target:          "replicas",
		Label:           artifact.LabelRequired,
		Window:          12,
		Horizons:        []int{1, 2, 3},
		Step:            30 * time.Second,
		Hyperparameters: artifact.Hyperparameters{Hidden: 2, Kernel: 3, Blocks: 1, Quantile: 0.5},
		Scaler: artifact.Scaler{
			Mean: [][]float64{{2}, {3}}, Std: [][]float64{{1}, {1}},
			TargetMean: []float64{2, 3}, TargetStd: []float64{1, 1},
		},
		Affinity: []float32{1, 0, 0.5, 0.5}, // web → cart
		Created:  time.Unix(1_800_000_000, 0).UTC(),
		Tensors:  []artifact.Tensor{{Name: "head.bias", Shape: []int{3}, Data: []float32{0.1, 0.2, 0.3}}},
	}
	var file bytes.Buffer
	if err := artifact.Write(&file, m); err != nil {
		fmt.Println(err)
		return
	}
	content := file.Bytes()

	back, err := artifact.Read(bytes.NewReader(content))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(back.Services, back.Horizons, back.Hash() == m.Hash())

	content[len(content)-1] ^= 1
	_, err = artifact.Read(bytes.NewReader(content))
	fmt.Println(errors.Is(err, artifact.ErrChecksum))
	// Output:
	// [cart web] [1 2 3] true
	// true
}
