package history

import (
	"math"
)

var nan = math.NaN()
