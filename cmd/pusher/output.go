package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf16"
	"unicode/utf8"
)

// show prints the result: the document as JSON with --json, else what text puts
// into the table.
func (in *invocation) show(document any, text func(t *table)) error {
	out, err := in.render(document, text)
	if err != nil {
		return &outputError{err}
	}
	if _, err := in.stdout.Write(out); err != nil {
		return &outputError{err}
	}
	return nil
}

func (in *invocation) render(document any, text func(t *table)) ([]byte, error) {
	var b bytes.Buffer
	if in.Bool("json") {
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(document); err != nil {
			return nil, err
		}
		return escapeJSON(b.Bytes()), nil
	}
	t := &table{w: tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)}
	text(t)
	err := t.w.Flush()
	return b.Bytes(), err
}

// outputError says that the command was carried out and its result not written.
type outputError struct{ err error }

func (e *outputError) Error() string { return "write the result: " + e.err.Error() }

func (e *outputError) Unwrap() error { return e.err }

// table is text in aligned columns.
type table struct{ w *tabwriter.Writer }

// row adds a line. What cells contain is made fit for a terminal.
func (t *table) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = printable(cell)
	}
	fmt.Fprintln(t.w, strings.Join(cells, "\t"))
}

// printable returns text with everything escaped that would move the cursor, change
// the terminal or hide other text: control characters, bidirectional overrides,
// invalid UTF-8. What a server or a client sent is not to be trusted with that.
func printable(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case isPrintable(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return b.String()
}

func isPrintable(r rune) bool {
	const zeroWidthJoiner = '\u200d' // holds emoji together
	return strconv.IsPrint(r) || r == zeroWidthJoiner
}

// escapeJSON does for an encoded document what [printable] does for text. Outside
// strings a document has only printable characters and the newline at its end.
func escapeJSON(document []byte) []byte {
	out := make([]byte, 0, len(document))
	for _, r := range string(document) {
		switch {
		case isPrintable(r) || r == '\n':
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// count shows a number that may be absent.
func count(n *int) string {
	if n == nil {
		return "-"
	}
	return strconv.Itoa(*n)
}
