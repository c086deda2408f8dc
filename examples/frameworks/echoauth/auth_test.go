package echoauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/seed-588517f9/pusher-go/examples/frameworks/echoauth"
	"github.com/seed-588517f9/pusher-go/examples/frameworks/internal/authtest"
	"github.com/seed-588517f9/pusher-go/pusher"
)

func setup(t *testing.T) *echo.Echo {
	t.Helper()
	e := echo.New()
	e.POST("/pusher/auth", echoauth.ChannelAuth(authtest.Client(t), func(c echo.Context, channel string) (pusher.Member, bool) {
		return authtest.Allow(c.Request().Header.Get(authtest.UserHeader), channel)
	}))
	return e
}

func TestChannelAuth(t *testing.T) {
	t.Parallel()
	e := setup(t)
	authtest.Run(t, func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w.Result(), nil
	})
}

func TestChannelAuthBoundsTheForm(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	setup(t).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/pusher/auth", strings.NewReader(strings.Repeat("a", 65<<10))))
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Fatalf("status %d, want 413", w.Code)
	}
}
