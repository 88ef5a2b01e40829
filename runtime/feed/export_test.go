package feed

// Footprint is how many subscribers, or traces of them, the feed holds.
func (f *Feed) Footprint() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.subscribers) + len(f.rooms) + len(f.ahead)
}
