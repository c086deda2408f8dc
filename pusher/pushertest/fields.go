package pushertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// fields is a JSON object whose names count as they are written.
type fields map[string]json.RawMessage

func parseFields(text []byte) (fields, error) {
	var f fields
	if !utf8.Valid(text) || json.Unmarshal(text, &f) != nil || f == nil {
		return nil, errors.New("is not a JSON object in UTF-8")
	}
	return f, nil
}

// text returns the string at name, and whether there is one. It fails if there is
// anything else.
func (f fields) text(name string) (value string, ok bool, err error) {
	raw, ok := f[name]
	if !ok {
		return "", false, nil
	}
	if bytes.HasPrefix(raw, []byte(`"`)) && json.Unmarshal(raw, &value) == nil {
		return value, true, nil
	}
	return "", false, badField(name, "%s must be a string", name)
}

// encodeJSON encodes what the server itself has built, which cannot fail, without
// the HTML escapes that JSON does not need.
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) //nolint:errchkjson // see above
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
