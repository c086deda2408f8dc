package pushertest

import "slices"

// recent keeps the latest values that were added to it.
type recent[T any] struct {
	// keep is how many: 0 all, negative none.
	keep int
	// count is how many were added since the beginning, or since forget.
	count  int
	values []T
	oldest int // its index, once values is full and turns round
}

func (r *recent[T]) add(values ...T) {
	r.count += len(values)
	for _, v := range values {
		switch {
		case r.keep < 0:
		case r.keep == 0 || len(r.values) < r.keep:
			r.values = append(r.values, v)
		default:
			r.values[r.oldest] = v
			r.oldest = (r.oldest + 1) % r.keep
		}
	}
}

// all returns a copy of the values, oldest first.
func (r *recent[T]) all() []T {
	return slices.Concat(r.values[r.oldest:], r.values[:r.oldest])
}

// after returns a copy of the values that came after the first n, as far as they
// are kept. If there were fewer, it returns all: they have been forgotten since.
func (r *recent[T]) after(n int) []T {
	if n > r.count {
		n = 0
	}
	fresh := min(r.count-n, len(r.values))
	list := make([]T, 0, fresh)
	for i := len(r.values) - fresh; i < len(r.values); i++ {
		list = append(list, r.values[(r.oldest+i)%len(r.values)])
	}
	return list
}

func (r *recent[T]) forget() { r.values, r.oldest, r.count = nil, 0, 0 }
