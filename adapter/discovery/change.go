package discovery

import "slices"

// Changed returns the names of the applications of after that have other services than
// before, or services with other bounds. The numbers of pods do not matter.
func Changed(before, after []Application) []string {
	var names []string
	for _, a := range after {
		i := slices.IndexFunc(before, func(b Application) bool { return b.Name == a.Name })
		if i < 0 || !slices.EqualFunc(before[i].Services, a.Services, func(x, y Service) bool {
			x.Pods, y.Pods = nil, nil
			return x == y
		}) {
			names = append(names, a.Name)
		}
	}
	return names
}
