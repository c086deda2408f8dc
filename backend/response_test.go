package backend_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
)

func TestEffectiveStatus(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		body   string
		want   int
	}{
		"soketi: unauthorized":         {200, `{"error":"The secret authentication failed","code":401}`, 401},
		"soketi: rate limit":           {200, `{"ok":false,"error":"Too many requests.","code":429}`, 429},
		"soketi: not found":            {200, `{"error":"The app 9 could not be found.","code":404}`, 404},
		"soketi: too large":            {202, "{\n \"error\": \"The event data should be less than 100 KB.\",\n \"code\": 413 }", 413},
		"soketi: bad request":          {200, `{"error":"The channels array can contain max 100 channels.","code":400}`, 400},
		"soketi: closing":              {200, `{"error":"The server is closing. Choose another server. :)","code":503}`, 503},
		"order does not matter":        {200, `{"code":500,"error":"x"}`, 500},
		"an error that is an object":   {200, `{"error":{"reason":"x"},"code":422}`, 422},
		"last 2xx":                     {299, `{"error":"x","code":400}`, 400},
		"code as a float":              {200, `{"error":"x","code":401.0}`, 401},
		"success":                      {200, `{}`, 200},
		"success of soketi":            {200, `{"ok":true}`, 200},
		"empty body":                   {200, ``, 200},
		"empty 202":                    {202, ``, 202},
		"code below 400":               {200, `{"error":"x","code":399}`, 200},
		"code 200":                     {200, `{"error":"x","code":200}`, 200},
		"code without error":           {200, `{"code":401}`, 200},
		"null error":                   {200, `{"error":null,"code":401}`, 200},
		"error without code":           {200, `{"error":"x"}`, 200},
		"code as a string":             {200, `{"error":"x","code":"401"}`, 200},
		"code as a word":               {200, `{"error":"x","code":"CHANNEL_NOT_FOUND"}`, 200},
		"null code":                    {200, `{"error":"x","code":null}`, 200},
		"negative code":                {200, `{"error":"x","code":-401}`, 200},
		"huge code":                    {200, `{"error":"x","code":1e300}`, 200},
		"code beyond a status":         {200, `{"error":"x","code":40100000}`, 200},
		"array":                        {200, `[{"error":"x","code":401}]`, 200},
		"null":                         {200, `null "code"`, 200},
		"text":                         {200, `"error" and "code" 401`, 200},
		"truncated":                    {200, `{"error":"x","code":401`, 200},
		"trailing data":                {200, `{"error":"x","code":401} {}`, 200},
		"nested in channels":           {200, `{"channels":{"code":{"error":"x","code":401}}}`, 200},
		"nested in data":               {200, `{"data":{"error":"x","code":401}}`, 200},
		"inside a cached event":        {200, `{"occupied":true,"cache":{"data":"{\"error\":\"x\",\"code\":401}","ttl":60}}`, 200},
		"a channel called code":        {200, `{"channels":{"code":{},"error":{}}}`, 200},
		"401 stays, whatever it says":  {401, `{"error":"x","code":500}`, 401},
		"500 stays":                    {500, `{"error":"x","code":401}`, 500},
		"302 stays":                    {302, `{"error":"x","code":401}`, 302},
		"199 stays":                    {199, `{"error":"x","code":401}`, 199},
		"zero stays":                   {0, `{"error":"x","code":401}`, 0},
		"error body of another server": {404, `{"error":"x","code":"APP_NOT_FOUND","status":404}`, 404},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := backend.Response{StatusCode: tt.status, Body: []byte(tt.body)}
			assert.Equal(t, tt.want, res.EffectiveStatus())
			assert.Equal(t, tt.body, string(res.Body))
		})
	}
	assert.Zero(t, backend.Response{}.EffectiveStatus())
}

func FuzzEffectiveStatus(f *testing.F) {
	f.Add(200, []byte(`{"error":"x","code":401}`))
	f.Add(200, []byte(`{"error":null,"code":401}`))
	f.Add(299, []byte(`{"error":[],"code":1e3}`))
	f.Add(503, []byte(`{"error":"x","code":401}`))
	f.Add(200, []byte(`{"a":{"code":401}}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		got := backend.Response{StatusCode: status, Body: body}.EffectiveStatus()
		if got == status {
			return
		}
		if status < 200 || status > 299 {
			t.Fatalf("status %d became %d", status, got)
		}
		var object map[string]any
		if got < 400 || got > math.MaxInt16 || json.Unmarshal(body, &object) != nil || len(object) < 2 {
			t.Fatalf("status %d became %d because of %q", status, got, body)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	in := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	tests := map[string]struct {
		value string
		want  time.Duration
		ok    bool
	}{
		"seconds":                {"7", 7 * time.Second, true},
		"zero":                   {"0", 0, true},
		"fraction":               {"1.5", 1500 * time.Millisecond, true},
		"small fraction":         {"0.001", time.Millisecond, true},
		"space around":           {" 7 ", 7 * time.Second, true},
		"just below the cap":     {"3599.5", 3599*time.Second + 500*time.Millisecond, true},
		"at the cap":             {"3600", time.Hour, true},
		"above the cap":          {"3601", time.Hour, true},
		"far above the cap":      {"1e300", time.Hour, true},
		"infinite":               {"Inf", time.Hour, true},
		"negative":               {"-1", 0, false},
		"negatively infinite":    {"-Inf", 0, false},
		"NaN":                    {"NaN", 0, false},
		"date":                   {in(90 * time.Second), 90 * time.Second, true},
		"date now":               {in(0), 0, true},
		"date in the past":       {in(-time.Hour), 0, true},
		"date beyond the cap":    {in(48 * time.Hour), time.Hour, true},
		"date in the old form":   {now.Add(time.Minute).Format("Monday, 02-Jan-06 15:04:05 GMT"), time.Minute, true},
		"date in asctime":        {now.Add(time.Minute).Format(time.ANSIC), time.Minute, true},
		"empty":                  {"", 0, false},
		"a word":                 {"soon", 0, false},
		"a duration of Go":       {"5s", 0, false},
		"a date of another kind": {"2026-01-02T03:05:05Z", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{429, 503} {
				got, ok := backend.Response{StatusCode: status, Header: http.Header{"Retry-After": {tt.value}}}.RetryAfter(now)
				assert.Equal(t, tt.want, got)
				assert.Equal(t, tt.ok, ok)
			}
		})
	}
}

func TestRetryAfterCountsOnlyWhereItMeansSomething(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		body   string
		want   bool
	}{
		"429":                {429, "", true},
		"503":                {503, "", true},
		"200 that means 429": {200, `{"error":"Too many requests.","code":429}`, true},
		"200 that means 503": {200, `{"error":"closing","code":503}`, true},
		"soketi's success":   {200, `{"ok":true}`, false},
		"200 that means 401": {200, `{"error":"x","code":401}`, false},
		"301":                {301, "", false},
		"500":                {500, "", false},
		"502":                {502, "", false},
		"429 that says 401":  {429, `{"error":"x","code":401}`, true},
		"400 that says 429":  {400, `{"error":"x","code":429}`, false},
	}
	for name, tt := range tests {
		res := backend.Response{StatusCode: tt.status, Header: http.Header{"Retry-After": {"2"}}, Body: []byte(tt.body)}
		got, ok := res.RetryAfter(time.Time{})
		assert.Equal(t, tt.want, ok, name)
		if tt.want {
			assert.Equal(t, 2*time.Second, got, name)
		}
	}
	_, ok := backend.Response{StatusCode: 429}.RetryAfter(time.Now())
	assert.False(t, ok, "no header at all")
}

// metered is a reader without end that counts what was taken from it.
type metered struct{ taken, largest int }

func (m *metered) Read(p []byte) (int, error) {
	m.taken += len(p)
	m.largest = max(m.largest, len(p))
	return len(p), nil
}

func TestReadBody(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 63, 64, 65, 127, 128, 129, 1000, 100_000} {
		content := strings.Repeat("0123456789", size/10+1)[:size]
		limits := map[string]int64{
			"none": 0, "negative": -1, "far above": 1 << 40, "just above": int64(size) + 1,
			"largest": math.MaxInt64, "one less than largest": math.MaxInt64 - 1,
		}
		if size > 0 {
			limits["at"] = int64(size)
		}
		for name, limit := range limits {
			for form, reader := range map[string]io.Reader{
				"plain":         strings.NewReader(content),
				"EOF with data": iotest.DataErrReader(strings.NewReader(content)),
				"halves":        iotest.HalfReader(strings.NewReader(content)),
			} {
				body, err := backend.ReadBody(reader, limit)
				require.NoError(t, err, "%d bytes, limit %s, %s", size, name, form)
				require.Equal(t, content, string(body), "%d bytes, limit %s, %s", size, name, form)
				require.NotNil(t, body)
			}
		}
		if size > 1 {
			for form, reader := range map[string]io.Reader{
				"plain":         strings.NewReader(content),
				"EOF with data": iotest.DataErrReader(strings.NewReader(content)),
				"byte by byte":  iotest.OneByteReader(strings.NewReader(content)),
			} {
				body, err := backend.ReadBody(reader, int64(size-1))
				require.ErrorIs(t, err, backend.ErrResponseTooLarge, "%d bytes, %s", size, form)
				require.Nil(t, body)
			}
		}
	}
}

func TestReadBodyDoesNotReadOn(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 2, 63, 64, 65, 1000, 1 << 20} {
		endless := &metered{}
		_, err := backend.ReadBody(endless, int64(limit))
		require.ErrorIs(t, err, backend.ErrResponseTooLarge)
		assert.Equal(t, limit+1, endless.taken, "one byte more tells that there is more")
	}
}

func TestReadBodyFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	for name, want := range map[string]error{
		"a failure":              broken,
		"cut off":                io.ErrUnexpectedEOF,
		"an end that is wrapped": fmt.Errorf("chunk header: %w", io.EOF),
	} {
		for _, content := range []string{"", "half of it", strings.Repeat("x", 64)} {
			body, err := backend.ReadBody(io.MultiReader(strings.NewReader(content), iotest.ErrReader(want)), 1000)
			require.Equal(t, want, err, name)
			assert.Nil(t, body, name)
		}
	}
	_, err := backend.ReadBody(io.MultiReader(strings.NewReader("12345"), iotest.ErrReader(broken)), 4)
	require.ErrorIs(t, err, backend.ErrResponseTooLarge)
}
