package memstore

// expiryQueue holds the committed records, the first to expire at index 0, so
// that a sweep looks only at what it removes. It is a heap for container/heap.
type expiryQueue []*record

// Len returns the number of records.
func (q expiryQueue) Len() int { return len(q) }

// Less reports whether one record expires before another.
func (q expiryQueue) Less(i, j int) bool { return q[i].expires < q[j].expires }

// Swap exchanges two records.
func (q expiryQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].queued = i
	q[j].queued = j
}

// Push appends a *record.
func (q *expiryQueue) Push(x any) {
	r := x.(*record)
	r.queued = len(*q)
	*q = append(*q, r)
}

// Pop removes the last record and returns it.
func (q *expiryQueue) Pop() any {
	last := len(*q) - 1
	r := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return r
}
