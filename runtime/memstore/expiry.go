package memstore

// expiryQueue holds the committed records, the first to expire at index 0, so
// that a sweep looks only at what it removes. It is a heap for container/heap.
type expiryQueue struct {
	table *table
	queue []slot
}

// Len returns the number of records.
func (q *expiryQueue) Len() int { return len(q.queue) }

// Less reports whether one record expires before another.
func (q *expiryQueue) Less(i, j int) bool {
	return q.table.at(q.queue[i]).expires < q.table.at(q.queue[j]).expires
}

// Swap exchanges two records.
func (q *expiryQueue) Swap(i, j int) {
	q.queue[i], q.queue[j] = q.queue[j], q.queue[i]
	q.table.at(q.queue[i]).place = i
	q.table.at(q.queue[j]).place = j
}

// Push appends a *record.
func (q *expiryQueue) Push(x any) {
	r := x.(*record)
	r.place = len(q.queue)
	q.queue = append(q.queue, r.self)
}

// Pop removes the last record and returns it.
func (q *expiryQueue) Pop() any {
	last := len(q.queue) - 1
	r := q.table.at(q.queue[last])
	q.queue = q.queue[:last]
	return r
}

// crowd is the records that are reserved or unknown, in no order.
type crowd struct {
	table *table
	slots []slot
}

func (c *crowd) add(r *record) {
	r.place = len(c.slots)
	c.slots = append(c.slots, r.self)
}

func (c *crowd) remove(r *record) {
	last := len(c.slots) - 1
	moved := c.slots[last]
	c.slots[r.place] = moved
	c.table.at(moved).place = r.place
	c.slots = c.slots[:last]
}
