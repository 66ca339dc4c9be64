package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/authhttp"
	"github.com/crmauth/crmauth/password"
)

//go:embed templates
var templates embed.FS

// pages are the templates by language and name.
type pages map[string]map[string]*template.Template

// parsePages parses each page together with the layout, once for each language.
func parsePages() (pages, error) {
	all := pages{}
	for _, lang := range []string{english, chinese} {
		layout, err := template.New("layout.html").Funcs(functions(lang)).ParseFS(templates, "templates/layout.html")
		if err != nil {
			return nil, err
		}
		names, err := fs.Glob(templates, "templates/*.html")
		if err != nil {
			return nil, err
		}
		all[lang] = map[string]*template.Template{}
		for _, name := range names {
			p, err := layout.Clone()
			if err == nil {
				p, err = p.ParseFS(templates, name)
			}
			if err != nil {
				return nil, err
			}
			all[lang][strings.TrimSuffix(path.Base(name), ".html")] = p
		}
	}
	return all, nil
}

// view is what a page shows.
type view struct {
	Title  string          // in English, as all texts before they are translated
	Who    *auth.Principal // nil = nobody is signed in
	Form   string          // the token of every form
	Here   string          // path of the page
	Notice string          // what was just done

	Error      string // what went wrong, in the reader's language already
	Violations []password.Violation
	Rules      password.Report

	Data any
}

// Sales and Admin tell the templates what to offer. The routes check.
func (v view) Sales() bool { return v.Who != nil && holds(*v.Who, roleSales) }
func (v view) Admin() bool { return v.Who != nil && v.Who.HasRole(roleAdmin) }

// notices are what ?done= may say.
var notices = map[string]string{
	"password":  "Your new password is set. All other sessions have ended.",
	"chosen":    "Your password is set. Please sign in.",
	"signout":   "You have signed out.",
	"ended":     "The session has ended.",
	"others":    "You are signed out everywhere else.",
	"removed":   "The device was removed.",
	"added":     "It was added.",
	"moved":     "The deal was moved.",
	"invited":   "The invitation is on its way.",
	"suspend":   "The account is suspended and its sessions have ended.",
	"resume":    "The account may sign in again.",
	"unlock":    "The account is unlocked.",
	"reset":     "A link to choose a new password is on its way.",
	"endall":    "All sessions of the account have ended.",
	"confirmed": "Thank you. Now send the form again.",
}

// language is the reader's.
func language(r *http.Request) string { return auth.Language(r.Header.Values("Accept-Language")...) }

// show answers with a page. With err, its status and text are the error's.
func (a *app) show(w http.ResponseWriter, r *http.Request, name string, v view, err error) {
	lang := language(r)
	if who, ok := auth.PrincipalFrom(r.Context()); ok {
		v.Who = &who
	}
	v.Form, v.Here, v.Rules = a.web.FormToken(r), r.URL.Path, a.rules
	if v.Notice == "" && err == nil {
		v.Notice = notices[r.URL.Query().Get("done")]
	}
	status := http.StatusOK
	if err != nil {
		status = authhttp.Status(err)
		v.Error = a.message(r, err)
		if rejected, ok := errors.AsType[*password.RejectedError](err); ok {
			v.Violations = rejected.Violations
			v.Error = a.message(r, errPolicy)
		}
		if wait := a.wait(err); wait > 0 {
			w.Header().Set("Retry-After", strconv.FormatInt(int64(wait/time.Second), 10))
		}
		if auth.CodeOf(err) == auth.CodeUnavailable && r.Context().Err() == nil {
			a.log.ErrorContext(r.Context(), "crm: a page failed", "page", name, "error", err)
		}
	}
	var text bytes.Buffer
	if err := a.pages[lang][name].Execute(&text, v); err != nil {
		a.log.ErrorContext(r.Context(), "crm: a template failed", "page", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Add("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the browser is gone: nobody to tell
}

// functions are what templates call, in one language.
func functions(lang string) template.FuncMap {
	return template.FuncMap{
		"t":         func(text string, args ...any) (string, error) { return translate(lang, text, args...) },
		"lang":      func() string { return lang },
		"violation": func(v password.Violation) string { return auth.ViolationMessage(v, lang) },
		"browser":   func(userAgent string) (string, error) { return browserName(lang, userAgent) },
		"yuan":      yuan,
		"day":       func(t time.Time) string { return t.Local().Format("2006-01-02") },
		"minute":    func(t time.Time) string { return t.Local().Format("2006-01-02 15:04") },
		"machine":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"stages":    func() []string { return stages },
		"roles":     func() []string { return roles },
		"role":      func(name string) string { return roleName(lang, name) },
		"days":      func(d time.Duration) int { return int(d / (24 * time.Hour)) },
	}
}

// roleName translates the roles that this program knows; an account may hold
// others.
func roleName(lang, role string) string {
	if text, err := translate(lang, role); err == nil && slices.Contains(roles, role) {
		return text
	}
	return role
}

// yuan writes 1/100 yuan as ¥1,234.50, whole amounts without a fraction.
func yuan(fen int64) string {
	whole, rest := fen/100, fen%100
	digits := strconv.FormatInt(whole, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if rest != 0 {
		return fmt.Sprintf("¥%s.%02d", digits, rest)
	}
	return "¥" + digits
}

// done sends the browser on after a form did its work, so that reloading the
// page does nothing again.
func done(w http.ResponseWriter, r *http.Request, to, what string) {
	if what != "" {
		to += "?done=" + what
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
