package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/seed-588517f9/pusher-go/examples/frameworks/ginauth"
	"github.com/seed-588517f9/pusher-go/examples/frameworks/internal/authtest"
	"github.com/seed-588517f9/pusher-go/pusher"
)

func setup(t *testing.T) *gin.Engine {
	t.Helper()
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	engine.POST("/pusher/auth", ginauth.ChannelAuth(authtest.Client(t), func(c *gin.Context, channel string) (pusher.Member, bool) {
		return authtest.Allow(c.GetHeader(authtest.UserHeader), channel)
	}))
	return engine
}

func TestChannelAuth(t *testing.T) {
	t.Parallel()
	engine := setup(t)
	authtest.Run(t, func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, r)
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
