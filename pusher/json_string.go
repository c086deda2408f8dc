package pusher

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// appendText appends text, valid UTF-8, as a JSON string.
func appendText(dst []byte, text string) []byte {
	if isName(text) {
		dst = append(dst, '"')
		dst = append(dst, text...)
		return append(dst, '"')
	}
	return appendJSONString(dst, []byte(text))
}

// appendJSONString appends s, valid UTF-8, as a JSON string that decodes to s. It
// escapes only what JSON requires, so that no byte of the limit is wasted.
func appendJSONString(dst, s []byte) []byte {
	dst = append(dst, '"')
	for len(s) > 0 {
		// Room for each byte escaped in two, and for the block that is stored whole
		// before it is known how much of it is plain.
		dst = slices.Grow(dst, 2*len(s)+blockSize)
		n, read := escapeBlocks(dst[len(dst):cap(dst)], s)
		dst, s = dst[:len(dst)+n], s[read:]
		// Here is the end, or a control character, which takes six bytes.
		plain := 0
		for plain < min(len(s), blockSize) && isPlain(s[plain]) {
			plain++
		}
		dst, s = append(dst, s[:plain]...), s[plain:]
		if len(s) > 0 && !isPlain(s[0]) {
			dst, s = appendEscape(dst, s[0]), s[1:]
		}
	}
	return append(dst, '"')
}

// isASCII reports whether s has no byte of 0x80 and above.
func isASCII(s string) bool {
	const highs = 0x8080808080808080
	if len(s) < 8 {
		var all byte
		for i := range len(s) {
			all |= s[i]
		}
		return all < 0x80
	}
	// The last word overlaps with those before it, where there is a rest.
	all := word(s[len(s)-8:])
	for len(s) >= 32 {
		all |= word(s) | word(s[8:]) | word(s[16:]) | word(s[24:])
		s = s[32:]
	}
	for len(s) >= 8 {
		all |= word(s)
		s = s[8:]
	}
	return all&highs == 0
}

// word returns the first eight bytes of s in little-endian order.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// jsonStringSize returns the length of what [appendJSONString] appends for s.
func jsonStringSize(s string) int {
	size := len(s) + len(`""`)
	for len(s) >= 8 {
		if specials(word(s)) != 0 {
			size += escapes(s[:8])
		}
		s = s[8:]
	}
	return size + escapes(s)
}

// escapes counts the bytes that escaping adds to s.
func escapes(s string) int {
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case isPlain(c):
		case c == '"', c == '\\', c == '\n', c == '\r', c == '\t':
			n++
		default:
			n += len(`\u0000`) - 1
		}
	}
	return n
}

const blockSize = 16

// escapeBlocks writes s to out in blocks of two words, with quotes and backslashes
// escaped, and stops before a control character or where less than a block is
// left. It returns how much it wrote and read.
//
// Masking the index of a special byte tells the compiler that it is within the
// block.
func escapeBlocks(out, s []byte) (written, read int) {
	room, total := len(out), len(s)
	for len(s) >= blockSize && len(out) >= blockSize+1 {
		low, high := binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[8:])
		binary.LittleEndian.PutUint64(out, low)
		at, special := 0, specials(low)
		if special == 0 {
			binary.LittleEndian.PutUint64(out[8:], high)
			if special = specials(high); special == 0 {
				s, out = s[blockSize:], out[blockSize:]
				continue
			}
			at = 8
		}
		at = (at + bits.TrailingZeros64(special)/8) & (blockSize - 1)
		if s[at] < ' ' {
			s, out = s[at:], out[at:]
			break
		}
		out[at], out[at+1] = '\\', s[at]
		s, out = s[at+1:], out[at+2:]
	}
	return room - len(out), total - len(s)
}

// specials finds the bytes that a JSON string cannot hold as they are among eight
// at once: the high bit of such a byte is set in the result. That is exact for the
// lowest one, which is the first in little-endian order; above it, a borrow may set
// others. Flipping one bit puts the quote, 0x22, right behind the control
// characters, so that one comparison finds both.
func specials(w uint64) uint64 {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	return (((w ^ ones*2) - ones*0x21) | ((w ^ ones*'\\') - ones)) &^ w & highs
}

// isPlain reports whether a JSON string can hold c as it is.
func isPlain(c byte) bool { return c >= ' ' && c != '"' && c != '\\' }

// appendEscape appends c, which is not plain, in its shortest form.
func appendEscape(dst []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
	}
}
