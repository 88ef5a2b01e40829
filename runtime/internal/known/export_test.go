package known

// Bytes returns how much memory the filters have.
func Bytes(k *IDs) int {
	n := 0
	for _, g := range *k.generations.Load() {
		n += len(g.blocks) * blockBytes
	}
	return n
}
