package authhttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

// The acts refuse by themselves what didn't come from a page of this site, so
// that a handler that stands outside of Pages lets nobody be signed in by a
// stranger's page.
func TestActsRefuseWhatComesFromElsewhere(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	for name, c := range map[string]struct {
		edit func(*http.Request)
		want auth.Code
	}{
		"another origin": {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, "cross_origin"},
		"another site":   {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, "cross_origin"},
		"another host":   {func(r *http.Request) { r.Host = "evil.example" }, "wrong_host"},
		"a link":         {func(r *http.Request) { r.Method = http.MethodGet }, "method_not_allowed"},
	} {
		r := httptest.NewRequest(http.MethodPost, "https://crm.example.com/signin", nil)
		c.edit(r)
		w := httptest.NewRecorder()
		_, login := s.web.Login(w, r, auth.Credentials{Identifier: boss, Password: right})
		_, answer := s.web.Answer(w, r, "x", "y", "z")
		_, act := s.web.Act(w, r, "x", "y", nil)
		_, again := s.web.Reauthenticate(w, r, "x")
		_, change := s.web.ChangePassword(w, r, "x", "y")
		for act, err := range map[string]error{
			"Login": login, "Answer": answer, "Act": act, "Reauthenticate": again, "ChangePassword": change, "Logout": s.web.Logout(w, r),
		} {
			assert.Equal(t, c.want, auth.CodeOf(err), "%s: %s", name, act)
		}
		assert.Empty(t, w.Result().Cookies(), name)
	}
}
