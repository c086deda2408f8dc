package pusher

// minHeap holds values by key, the least on top.
type minHeap[T any] []keyed[T]

type keyed[T any] struct {
	key   int64
	value T
}

func (h minHeap[T]) top() keyed[T] { return h[0] }

func (h *minHeap[T]) push(key int64, value T) {
	*h = append(*h, keyed[T]{key, value})
	s := *h
	i := len(s) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if s[parent].key <= s[i].key {
			return
		}
		s[parent], s[i] = s[i], s[parent]
		i = parent
	}
}

func (h *minHeap[T]) pop() T {
	s := *h
	value := s[0].value
	last := len(s) - 1
	s[0] = s[last]
	s[last] = keyed[T]{}
	*h = s[:last]
	s[:last].sink()
	return value
}

// rekey gives the value on top another, greater key.
func (h minHeap[T]) rekey(key int64) {
	h[0].key = key
	h.sink()
}

// sink restores the order after the top has changed.
func (h minHeap[T]) sink() {
	i := 0
	for {
		least := 2*i + 1
		if least >= len(h) {
			return
		}
		if right := least + 1; right < len(h) && h[right].key < h[least].key {
			least = right
		}
		if h[i].key <= h[least].key {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
