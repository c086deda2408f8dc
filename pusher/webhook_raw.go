package pusher

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

var eventsKey = []byte(`"events"`)

// setRaw sets Raw of each event to its element of the array "events" in body, a
// JSON document that is known to be valid, copied, without parsing it a second
// time. It reports false if they cannot be told apart so: if there is a second key
// that encoding/json could take for "events", in another case or written with
// escapes, or none.
func setRaw(events []WebhookEvent, body []byte) bool {
	s := rawScanner{text: bytes.Clone(body)}
	if !s.take('{') {
		return false
	}
	found := false
	for !s.take('}') {
		key := s.value()
		if !s.take(':') || bytes.IndexByte(key, '\\') >= 0 {
			return false
		}
		if bytes.EqualFold(key, eventsKey) {
			if found || !s.take('[') || !s.setElements(events) {
				return false
			}
			found = true
		} else if len(s.value()) == 0 {
			return false
		}
		s.take(',')
	}
	return found
}

// setElements sets Raw of each event to an element of the array that has begun. It
// reports whether there are as many.
func (s *rawScanner) setElements(events []WebhookEvent) bool {
	n := 0
	for !s.take(']') {
		element := s.value()
		if len(element) == 0 || n == len(events) {
			return false
		}
		events[n].Raw = element
		n++
		s.take(',')
	}
	return n == len(events)
}

// rawScanner finds where values of valid JSON end.
type rawScanner struct {
	text []byte
	pos  int
}

func (s *rawScanner) space() {
	for s.pos < len(s.text) && (s.text[s.pos] == ' ' || s.text[s.pos] == '\n' || s.text[s.pos] == '\t' || s.text[s.pos] == '\r') {
		s.pos++
	}
}

// take skips space and then c, if it is next.
func (s *rawScanner) take(c byte) bool {
	s.space()
	if s.pos < len(s.text) && s.text[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// value returns the value that is next, and moves behind it. It returns nothing
// at the end of the text.
func (s *rawScanner) value() []byte {
	s.space()
	start, depth := s.pos, 0
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; c {
		case '"':
			s.skipString()
			if depth == 0 {
				return s.text[start:s.pos:s.pos]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return s.text[start:s.pos:s.pos]
			}
			if depth--; depth == 0 {
				s.pos++
				return s.text[start:s.pos:s.pos]
			}
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return s.text[start:s.pos:s.pos]
			}
		}
		s.pos++
	}
	return s.text[start:s.pos:s.pos]
}

// skipString moves behind the string that begins here.
func (s *rawScanner) skipString() {
	s.pos++
	for s.pos < len(s.text) {
		if len(s.text)-s.pos >= 8 {
			special := specials(binary.LittleEndian.Uint64(s.text[s.pos:]))
			if special == 0 {
				s.pos += 8
				continue
			}
			s.pos += bits.TrailingZeros64(special) / 8
		}
		switch s.text[s.pos] {
		case '"':
			s.pos++
			return
		case '\\':
			s.pos += 2
		default:
			s.pos++
		}
	}
	s.pos = len(s.text)
}
