package kernel

// block returns how many columns and how much of the depth k of a matrix product
// are done at a time: so much of B that it stays in the first-level cache, or
// near it, while all rows of A pass by. No tile is cut, and the depths of the
// blocks are about equal.
func block(k int) (columns, depth int) {
	const (
		maxDepth = 256
		maxBlock = 4096 // elements
		panel    = 64   // columns of the widest tile, a multiple of the others
	)
	chunks := (k + maxDepth - 1) / maxDepth
	depth = (k + chunks - 1) / chunks
	return max(panel, maxBlock/depth/panel*panel), depth
}
