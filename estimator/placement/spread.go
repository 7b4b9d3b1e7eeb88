package placement

// utilisation is what the pods of a service are expected to have if all are equally busy.
const utilisation = 0.6

// The cost of a call that leaves its zone, where 1 is the response time of a service whose
// pods are equally busy. That of users is dearer than any overload by rounding, since they
// reach all pods alike: they overload no pod, and a zone without them has nothing to serve.
const (
	crossing      = 4
	usersCrossing = 16
)

// spread sets the pods that each zone will have when a service has the given number of them, and
// returns their cost. load is the share of its calls that starts in each zone. Pods
// that exist stay if there are to be more, and are the most that stay if there are to be fewer.
// A zone gets none if it cannot get enough for its load and that costs less: then its calls
// go to all pods of the service, where a single pod would get all of them.
func spread(load []float64, pods []int, number int, cross float64, will []int) float64 {
	total := 0
	for _, n := range pods {
		total += n
	}
	if number == total {
		copy(will, pods)
		return cost(load, will, cross)
	}
	d := division{load: load, low: make([]int, len(pods)), open: make([]bool, len(pods)), number: number}
	for z := range d.open {
		d.open[z] = true
	}
	if number < total {
		d.high = pods
	} else {
		copy(d.low, pods)
	}
	d.divide(will)
	least := cost(load, will, cross)
	try := make([]int, len(pods))
	for improved := true; improved; {
		improved = false
		for z := len(pods) - 1; z >= 0; z-- {
			// No more can be gained than equal load costs less than that of now.
			if d.low[z] > 0 || will[z] == 0 || 1+cross*load[z] >= least {
				continue
			}
			d.open[z] = false
			fits := d.divide(try)
			if c := cost(load, try, cross); fits && c < least-1e-9 {
				least, improved = c, true
				copy(will, try)
			} else {
				d.open[z] = true
			}
		}
	}
	return least
}

// division is a number of pods to divide among zones by their load. Open zones have at least
// low and, unless high is nil, at most high of them; the others have low.
type division struct {
	load      []float64
	low, high []int
	open      []bool
	number    int
}

// divide gives one pod after another to the zone with the most load for a pod, the first of
// equals. It reports whether the open zones may have them all.
func (d *division) divide(will []int) bool {
	for rest := d.start(will); rest > 0; rest-- {
		best := -1
		for z := range will {
			if d.open[z] && (d.high == nil || will[z] < d.high[z]) && (best < 0 || d.busier(will, z, best)) {
				best = z
			}
		}
		if best < 0 {
			return false
		}
		will[best]++
	}
	return true
}

// busier reports whether one zone has more load for a pod than another.
func (d *division) busier(will []int, a, b int) bool {
	if will[a]+will[b] == 0 {
		return d.load[a] > d.load[b]+1e-9
	}
	return d.load[a]*float64(will[b]) > d.load[b]*float64(will[a])+1e-9
}

// start gives every open zone the whole part of what it lacks of its share, and returns
// how many pods are left.
func (d *division) start(will []int) (rest int) {
	copy(will, d.low)
	rest = d.number
	total, reachable, lacks := 0, 0.0, 0.0
	for z, n := range d.low {
		rest -= n
		if d.open[z] {
			total += n
			reachable += d.load[z]
		}
	}
	if rest <= len(will) || reachable == 0 {
		return rest
	}
	lack := func(z int) float64 {
		if !d.open[z] {
			return 0
		}
		n := max(0, float64(total+rest)*d.load[z]/reachable-float64(d.low[z]))
		if d.high != nil {
			n = min(n, float64(d.high[z]-d.low[z]))
		}
		return n
	}
	coming := float64(rest)
	for z := range will {
		lacks += lack(z)
	}
	for z := range will {
		n := int(lack(z) * min(1, coming/max(lacks, 1)))
		will[z] += n
		rest -= n
	}
	return rest
}

// cost is the mean response time of a call to a service, as a multiple of what it is with all pods
// equally busy, plus that of crossing zones. Load stays in zones with pods; the rest
// goes to all pods alike.
func cost(load []float64, pods []int, cross float64) float64 {
	total, rest := 0, 0.0
	for z, n := range pods {
		total += n
		if n == 0 {
			rest += load[z]
		}
	}
	if total == 0 {
		return 0
	}
	sum := cross * rest
	for z, n := range pods {
		if n > 0 {
			part := float64(n) / float64(total)
			share := load[z] + rest*part
			sum += share * delay(share/part)
		}
	}
	return sum
}

// delay is the response time of pods with a multiple of the mean load, as a multiple
// of that at the mean: that of an M/M/1 queue, and from nine tenths of its capacity on its tangent.
func delay(load float64) float64 {
	const most = 0.9 / utilisation
	d := (1 - utilisation) / (1 - utilisation*min(load, most))
	return d + max(0, load-most)*d*d*utilisation/(1-utilisation)
}
