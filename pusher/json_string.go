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
		// Room for each byte escaped in two, and for the word that is stored whole
		// before it is known how much of it is plain.
		dst = slices.Grow(dst, 2*len(s)+wordSize)
		n, read := escapeWords(dst[len(dst):cap(dst)], s)
		dst, s = dst[:len(dst)+n], s[read:]
		// Here is the end, or a control character, which takes six bytes.
		for i := range min(len(s), wordSize) {
			dst = appendEscaped(dst, s[i])
		}
		s = s[min(len(s), wordSize):]
	}
	return append(dst, '"')
}

const wordSize = 8

// escapeWords writes s to out, eight bytes at a time, with quotes and backslashes
// escaped, and stops before a control character or where less than a word is left.
// It returns how much it wrote and read.
func escapeWords(out, s []byte) (written, read int) {
	for len(s)-read >= wordSize && len(out)-written >= wordSize {
		w := binary.LittleEndian.Uint64(s[read:])
		binary.LittleEndian.PutUint64(out[written:], w)
		special := specials(w)
		if special == 0 {
			read += wordSize
			written += wordSize
			continue
		}
		plain := bits.TrailingZeros64(special) / 8
		read += plain
		written += plain
		c := s[read]
		if c < ' ' {
			break
		}
		out[written], out[written+1] = '\\', c
		read++
		written += 2
	}
	return written, read
}

// specials finds the bytes that a JSON string cannot hold as they are among eight
// at once: the high bit of such a byte is set in the result. That is exact for the
// lowest one, which is the first in little-endian order; above it, a borrow may set
// others.
func specials(w uint64) uint64 {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	quote := w ^ ones*'"'
	slash := w ^ ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w) & highs
}

// appendEscaped appends one byte of a JSON string.
func appendEscaped(dst []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c >= ' ':
		return append(dst, c)
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\r':
		return append(dst, '\\', 'r')
	case c == '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
	}
}
