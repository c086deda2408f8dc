package backendtest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// checkPrinted looks for parts of a signed query in everything that err prints,
// and that what it wraps prints.
func (t *trial) checkPrinted(err error) {
	t.Helper()
	if err == nil {
		return
	}
	texts := []string{fmt.Sprintf("%v", err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), err.Error()}
	if encoded, jsonErr := json.Marshal(err); jsonErr == nil {
		texts = append(texts, string(encoded))
	}
	for _, text := range texts {
		if part, found := t.suite.findQuery(text); found {
			t.Errorf("no error shows a URL's query, nor does an error that it wraps; a %T shows %q: %s", err, part, clip(text))
			break
		}
	}
	switch wrapping := err.(type) { //nolint:errorlint // goes through the layers one by one
	case interface{ Unwrap() error }:
		t.checkPrinted(wrapping.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range wrapping.Unwrap() {
			t.checkPrinted(inner)
		}
	}
}

// checkLogs looks for parts of a signed query in what was logged during a run.
func (s *suite) checkLogs(tb testing.TB, logged string) {
	tb.Helper()
	for line := range strings.Lines(logged) {
		if strings.Contains(line, s.marker) {
			tb.Errorf("nothing is logged that shows a URL's query; this was: %s", clip(line))
			return
		}
	}
}

// findQuery returns the first part of a signed query in text.
func (s *suite) findQuery(text string) (part string, found bool) {
	for _, part := range []string{s.marker, "auth_key", "auth_timestamp", "auth_version", "auth_signature", "body_md5", authKey} {
		if strings.Contains(text, part) {
			return part, true
		}
	}
	return "", false
}

// clip shortens what may be long.
func clip(text string) string {
	const most = 400
	text = strings.TrimSpace(text)
	if len(text) > most {
		return text[:most] + "… (" + strconv.Itoa(len(text)) + " bytes)"
	}
	return text
}

func excerpt(body []byte) string {
	const most = 60
	if len(body) <= most {
		return strconv.Quote(string(body))
	}
	return fmt.Sprintf("%q… (%d bytes)", body[:most], len(body))
}
