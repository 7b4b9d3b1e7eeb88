package kernel

// block returns the columns and the part of the depth k that a matrix product
// does at a time: as much of B as stays in or near the first-level cache while
// all rows of A pass. No tile is cut, and the depths of the blocks are about
// equal.
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
