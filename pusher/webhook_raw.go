package pusher

import (
	"bytes"
	"encoding/json"
)

var eventsKey = []byte(`"events"`)

// rawEvents returns the elements of the array "events" of a JSON document that is
// known to be valid, copied from body, without parsing it a second time. It
// reports false if the document has any other shape, or a second key that
// encoding/json could take for "events": in another case, or written with escapes.
func rawEvents(body []byte) ([]json.RawMessage, bool) {
	s := rawScanner{text: bytes.Clone(body)}
	if !s.take('{') {
		return nil, false
	}
	var events []json.RawMessage
	found := false
	for !s.take('}') {
		key := s.value()
		if !s.take(':') {
			return nil, false
		}
		s.space()
		if bytes.IndexByte(key, '\\') >= 0 {
			return nil, false
		}
		if bytes.EqualFold(key, eventsKey) {
			if found || s.pos >= len(s.text) || s.text[s.pos] != '[' {
				return nil, false
			}
			found = true
			s.pos++
			for !s.take(']') {
				event := s.value()
				if len(event) == 0 {
					return nil, false
				}
				events = append(events, event)
				s.take(',')
			}
		} else if len(s.value()) == 0 {
			return nil, false
		}
		s.take(',')
	}
	return events, found
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
		n := plainRun(s.text[s.pos:])
		s.pos += n
		if s.pos >= len(s.text) {
			return
		}
		if s.text[s.pos] == '"' {
			s.pos++
			return
		}
		s.pos += 2 // a backslash and what it escapes
	}
	s.pos = min(s.pos, len(s.text))
}
