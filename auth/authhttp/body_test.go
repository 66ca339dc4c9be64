package authhttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
)

func TestBodies(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{MaxBody: 2000})
	form := fmt.Sprintf(`{"identifier":%q,"password":%q`, boss, right)
	for _, test := range []struct {
		name, media, body string
		code              string // "" = signed in
	}{
		{"JSON", "application/json", form + "}", ""},
		{"with charset", "application/json; charset=UTF-8", form + "}", ""},
		{"white space around", "application/json", " \n" + form + "} \n", ""},
		{"an unknown member", "application/json", form + `,"more":{"a":[1]}}`, ""},
		{"null is absent", "application/json", form + `,"attempt_id":null}`, ""},
		{"escapes", "application/json", strings.Replace(form, "quiet", `\u0071uiet`, 1) + "}", ""},

		{"a form", urlencoded, "identifier=a&password=b", "unsupported_media_type"},
		{"text, which any site can send", "text/plain", form + "}", "unsupported_media_type"},
		{"no type", "", form + "}", "unsupported_media_type"},
		{"another charset", "application/json; charset=gbk", form + "}", "unsupported_media_type"},
		{"a type that can't be read", "application/json; =", form + "}", "unsupported_media_type"},

		{"nothing", "application/json", "", "malformed_request"},
		{"no object", "application/json", `["` + boss + `"]`, "malformed_request"},
		{"null", "application/json", `null`, "malformed_request"},
		{"cut off", "application/json", form, "malformed_request"},
		{"something behind it", "application/json", form + `}{}`, "malformed_request"},
		{"a member twice", "application/json", form + `,"identifier":"x"}`, "malformed_request"},
		{"a member twice, escaped", "application/json", form + `,"\u0069dentifier":"x"}`, "malformed_request"},
		{"another spelling", "application/json", fmt.Sprintf(`{"Identifier":%q,"password":%q}`, boss, right), "malformed_request"},
		{"another type", "application/json", form[:len(form)-1] + `","remember":"yes"}`, "malformed_request"},
		{"no UTF-8", "application/json", strings.Replace(form, "quiet", "\xff", 1) + "}", "malformed_request"},
		{"no UTF-8 elsewhere", "application/json", form + `,"more":"` + "\xff" + `"}`, "malformed_request"},
		{"half a character", "application/json", strings.Replace(form, "quiet", `\ud83d`, 1) + "}", "malformed_request"},
		{"deep", "application/json", form + `,"more":` + strings.Repeat("[", 900) + "}", "malformed_request"},
		{"many members", "application/json", form + manyMembers(70) + "}", "malformed_request"},
		{"at the limit", "application/json", form + "}" + strings.Repeat(" ", 2000-len(form)-1), ""},
		{"beyond the limit", "application/json", form + "}" + strings.Repeat(" ", 2000-len(form)), "too_large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := s.browser(t).do("POST", "/auth/login", test.body, "Content-Type", test.media)
			if test.code == "" {
				assert.Equal(t, http.StatusOK, a.Code, a.Body.String())
				return
			}
			assert.Equal(t, test.code, a.code(), a.Body.String())
		})
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":0`, i)
	}
	return b.String()
}

func TestRefusalsNeverEchoTheInput(t *testing.T) {
	s := newSite(t, auth.Config{}, authhttp.Config{})
	for _, body := range []string{
		`{"identifier":"SECRET\u0000","password":"SECRET"}`, `{"identifier":["SECRET"],"password":"SECRET"}`, `{"SECRET":`,
		`{"identifier":"a","password":"SECRET","SECRET":1,"SECRET":2}`,
	} {
		a := s.browser(t).do("POST", "/auth/login", body)
		assert.GreaterOrEqual(t, a.Code, 400)
		assert.NotContains(t, a.Body.String(), "SECRET")
	}
}
