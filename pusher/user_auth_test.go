package pusher_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func TestAuthenticateUser_documentedVector(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	auth, err := client.AuthenticateUser("1234.1234", pusher.User{ID: "12345"})
	require.NoError(t, err)
	require.Equal(t, pusher.UserAuth{
		Auth:     "278d425bdf160c739803:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba",
		UserData: `{"id":"12345"}`,
	}, auth)
	require.JSONEq(t, `{"auth":"`+auth.Auth+`","user_data":"{\"id\":\"12345\"}"}`, marshalled(t, auth))
	require.Zero(t, w.count(), "authentication touches the network")
}

// ids returns n different user ids.
func ids(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint("user-", i)
	}
	return list
}

func TestAuthenticateUser_userData(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	for _, tt := range []struct {
		user pusher.User
		data string
	}{
		{pusher.User{ID: "aZ09_-=@,.;"}, `{"id":"aZ09_-=@,.;"}`},
		{pusher.User{ID: strings.Repeat("u", 200)}, `{"id":"` + strings.Repeat("u", 200) + `"}`},
		{pusher.User{ID: "u", Info: map[string]any{"name": "<Zoë> & \"co\""}}, `{"id":"u","user_info":{"name":"<Zoë> & \"co\""}}`},
		{pusher.User{ID: "u", Info: "text"}, `{"id":"u","user_info":"text"}`},
		{pusher.User{ID: "u", Info: json.RawMessage(`{"a":1}`)}, `{"id":"u","user_info":{"a":1}}`},
		{pusher.User{ID: "u", Watchlist: []string{"a", "b@c"}}, `{"id":"u","watchlist":["a","b@c"]}`},
		{pusher.User{ID: "u", Watchlist: ids(100)}, `{"id":"u","watchlist":["` + strings.Join(ids(100), `","`) + `"]}`},
		{pusher.User{ID: "u", Watchlist: []string{}, Extra: map[string]any{}}, `{"id":"u"}`},
		{
			pusher.User{ID: "u", Info: 1, Watchlist: []string{"a"}, Extra: map[string]any{"z": nil, "b": []int{1}, "a \"<": "x"}},
			`{"id":"u","user_info":1,"watchlist":["a"],"a \"<":"x","b":[1],"z":null}`,
		},
	} {
		auth, err := client.AuthenticateUser("12.34", tt.user)
		require.NoError(t, err)
		require.Equal(t, tt.data, auth.UserData)
		require.Equal(t, docKey+":"+hmacHex(docSecret, "12.34::user::"+tt.data), auth.Auth)
		require.True(t, json.Valid([]byte(auth.UserData)))
	}
}

func TestAuthenticateUser_badSocketID(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	for _, id := range badSocketIDs {
		auth, err := client.AuthenticateUser(id, pusher.User{ID: "u"})
		requireInvalid(t, err, "socket_id")
		require.Zero(t, auth, "%q", id)
	}
}

func TestAuthenticateUser_badUser(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	for name, tt := range map[string]struct {
		user  pusher.User
		field string
	}{
		"empty id":             {pusher.User{}, "user.id"},
		"id with a slash":      {pusher.User{ID: "a/b"}, "user.id"},
		"id that climbs":       {pusher.User{ID: "../../apps/2"}, "user.id"},
		"id of dots":           {pusher.User{ID: ".."}, "user.id"},
		"id of a dot":          {pusher.User{ID: "."}, "user.id"},
		"id with a newline":    {pusher.User{ID: "a\n"}, "user.id"},
		"id with a colon":      {pusher.User{ID: "a:b"}, "user.id"},
		"id with a quote":      {pusher.User{ID: `a","id":"b`}, "user.id"},
		"id not ASCII":         {pusher.User{ID: "zoë"}, "user.id"},
		"id of 201 characters": {pusher.User{ID: strings.Repeat("u", 201)}, "user.id"},
		"info NaN":             {pusher.User{ID: "u", Info: math.NaN()}, "user.info"},
		"info raw not JSON":    {pusher.User{ID: "u", Info: json.RawMessage(`1,"id":"admin"`)}, "user.info"},
		"watchlist of 101":     {pusher.User{ID: "u", Watchlist: ids(101)}, "user.watchlist"},
		"watchlist empty id":   {pusher.User{ID: "u", Watchlist: []string{"a", ""}}, "user.watchlist[1]"},
		"watchlist bad id":     {pusher.User{ID: "u", Watchlist: []string{`a"`, "b"}}, "user.watchlist[0]"},
		"extra id":             {pusher.User{ID: "u", Extra: map[string]any{"id": "admin"}}, `user.extra["id"]`},
		"extra user_info":      {pusher.User{ID: "u", Extra: map[string]any{"user_info": 1}}, `user.extra["user_info"]`},
		"extra watchlist":      {pusher.User{ID: "u", Extra: map[string]any{"watchlist": 1}}, `user.extra["watchlist"]`},
		"extra not encodable":  {pusher.User{ID: "u", Extra: map[string]any{"f": func() {}}}, `user.extra["f"]`},
		"extra name not UTF-8": {pusher.User{ID: "u", Extra: map[string]any{"\xff": 1}}, `user.extra["\xff"]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			auth, err := client.AuthenticateUser("1.1", tt.user)
			requireInvalid(t, err, tt.field)
			require.Zero(t, auth)
		})
	}
}

func TestAuthenticateUser_limits(t *testing.T) {
	t.Parallel()
	low, _ := setup(t, func(c *pusher.Config) { c.Limits = pusher.Limits{ChannelName: 6, Watchlist: 2} })
	_, err := low.AuthenticateUser("1.1", pusher.User{ID: "123456", Watchlist: ids(2)})
	require.NoError(t, err)
	_, err = low.AuthenticateUser("1.1", pusher.User{ID: "1234567"})
	requireInvalid(t, err, "user.id")
	_, err = low.AuthenticateUser("1.1", pusher.User{ID: "1", Watchlist: ids(3)})
	requireInvalid(t, err, "user.watchlist")

	none, _ := setup(t, func(c *pusher.Config) { c.Limits = pusher.Limits{ChannelName: -1, Watchlist: -1} })
	_, err = none.AuthenticateUser("1.1", pusher.User{ID: strings.Repeat("u", 20_000), Watchlist: ids(1_000)})
	require.NoError(t, err)
}

func TestAuthenticateUser_customMarshal(t *testing.T) {
	t.Parallel()
	errCodec := errors.New("codec says no")
	client, _ := setup(t, func(c *pusher.Config) {
		c.JSONMarshal = func(v any) ([]byte, error) {
			switch v {
			case "broken":
				return []byte(`}{`), nil
			case "error":
				return nil, errCodec
			default:
				return []byte(` "by codec" `), nil
			}
		}
	})
	auth, err := client.AuthenticateUser("1.1", pusher.User{ID: "u", Info: 1, Extra: map[string]any{"x": 2}})
	require.NoError(t, err)
	require.Equal(t, `{"id":"u","user_info": "by codec" ,"x": "by codec" }`, auth.UserData)

	_, err = client.AuthenticateUser("1.1", pusher.User{ID: "u", Info: "broken"})
	requireInvalid(t, err, "user.info")
	_, err = client.AuthenticateUser("1.1", pusher.User{ID: "u", Extra: map[string]any{"x": "error"}})
	requireInvalid(t, err, `user.extra["x"]`)
	require.ErrorIs(t, err, errCodec)
}

// Neither the user's watchlist nor the extra fields are changed or kept.
func TestAuthenticateUser_doesNotMutate(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	user := pusher.User{ID: "u", Watchlist: []string{"b", "a"}, Extra: map[string]any{"z": 1, "a": 2}}
	_, err := client.AuthenticateUser("1.1", user)
	require.NoError(t, err)
	require.Equal(t, pusher.User{ID: "u", Watchlist: []string{"b", "a"}, Extra: map[string]any{"z": 1, "a": 2}}, user)
}
