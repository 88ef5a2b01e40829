package generator

import "strings"

// nearest returns the name that word was probably meant to be, or "" when
// none is near. Of equally near ones the first is returned.
func nearest(word string, names []string) string {
	word = strings.ToLower(word)
	best, bestDistance := "", -1
	for _, name := range names {
		distance := editDistance(word, name)
		if 2*distance > max(len(word), len(name)) {
			continue
		}
		if bestDistance < 0 || distance < bestDistance {
			best, bestDistance = name, distance
		}
	}
	return best
}

// editDistance counts the bytes to insert, delete, replace or swap with their
// neighbour that turn a into b.
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
