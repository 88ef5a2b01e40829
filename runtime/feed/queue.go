package feed

import "errors"

// push queues messages, unless the subscription has ended. When too much is
// waiting, it ends the subscription and returns false.
func (s *Subscriber) push(messages []published) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil {
		return true
	}
	opts := &s.feed.opts
	idle := len(s.queue) == 0 // one that waits for nothing is not too slow, however large the batch
	for _, m := range messages {
		if len(s.queue) >= opts.QueueSize || (!idle && s.bytes+len(m.Data) > opts.QueueBytes) {
			s.finishLocked(ErrTooSlow)
			return false
		}
		s.queue = append(s.queue, m.Message)
		s.bytes += len(m.Data)
	}
	s.signal()
	return true
}

// finish ends the subscription. The first end stands.
func (s *Subscriber) finish(end error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finishLocked(end)
}

func (s *Subscriber) finishLocked(end error) {
	if s.end != nil {
		return
	}
	s.end = end
	if errors.Is(end, ErrTooSlow) {
		s.queue, s.bytes = nil, 0 // what comes after a gap is of no use
	}
	s.signal()
}

// goOn makes Next look into the history again.
func (s *Subscriber) goOn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again = true
	s.signal()
}

func (s *Subscriber) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end != nil
}

// signal wakes Next. The caller holds mu.
func (s *Subscriber) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // it has something to look at already
	}
}

// slim gives back the memory of an idle subscriber: there may be thousands.
func (s *Subscriber) slim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = nil
	if len(s.queue) == 0 {
		s.queue = nil
	}
}

// take returns what is waiting, or the end when nothing is.
func (s *Subscriber) take() ([]Message, error) {
	if batch := s.first; batch != nil {
		s.first = nil
		return batch, nil
	}
	clear(s.spare)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.again {
		s.again, s.behind = false, true
	}
	if len(s.queue) == 0 {
		return nil, s.end
	}
	batch := s.queue
	s.queue, s.bytes = s.spare[:0], 0
	s.spare = batch
	return batch, nil
}
