package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// chromium is a real browser in which scripts are switched off.
type chromium struct {
	t    *testing.T
	ctx  context.Context
	base string
	shot string // folder for screenshots, "" = none
}

// newChromium starts one with a fresh profile.
func newChromium(t *testing.T, base string) *chromium {
	t.Helper()
	binary, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: apt-get install chromium")
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(binary), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("blink-settings", "scriptEnabled=false"), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1200, 900))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until the browser has gone, and its profile can be removed
		cancel()
	})
	watchdog := time.AfterFunc(time.Minute, cancel)
	t.Cleanup(func() { watchdog.Stop() })
	c := &chromium{t: t, ctx: ctx, base: base, shot: os.Getenv("CRMAUTH_SCREENSHOTS")}
	c.do(chromedp.Navigate("data:text/html,<h1>off</h1><script>document.querySelector('h1').textContent='on'</script>"))
	c.at("off") // no script runs
	return c
}

func (c *chromium) do(steps ...chromedp.Action[chromedp.Void]) {
	c.t.Helper()
	require.NoError(c.t, chromedp.Do(c.ctx, steps...))
}

// open goes to a page and checks its heading.
func (c *chromium) open(path, heading string) {
	c.t.Helper()
	c.do(chromedp.Navigate(c.base + path))
	c.at(heading)
}

// fill types into fields, by their names.
func (c *chromium) fill(form string, nameValues ...string) {
	c.t.Helper()
	for i := 0; i < len(nameValues); i += 2 {
		field := chromedp.CSS(`form[action="` + form + `"] [name="` + nameValues[i] + `"]`)
		c.do(chromedp.SetAttributeValue(field, "value", ""), chromedp.SendKeys(field, nameValues[i+1]))
	}
}

// press sends a form by its button, and checks the heading of what comes. An
// action that ends in a slash is the first of those that begin so.
func (c *chromium) press(form, heading string) {
	c.t.Helper()
	match := `="`
	if strings.HasSuffix(form, "/") {
		match = `^="`
	}
	_, err := chromedp.RunResponse(c.ctx, chromedp.Click(chromedp.CSS(`form[action`+match+form+`"] button`)))
	require.NoError(c.t, err)
	c.at(heading)
}

func (c *chromium) at(heading string) {
	c.t.Helper()
	text, err := chromedp.Run(c.ctx, chromedp.Text(chromedp.CSS("h1")))
	require.NoError(c.t, err)
	require.Equal(c.t, heading, text)
}

// says checks the text of the page.
func (c *chromium) says(texts ...string) {
	c.t.Helper()
	page, err := chromedp.Run(c.ctx, chromedp.Text(chromedp.CSS("main")))
	require.NoError(c.t, err)
	for _, text := range texts {
		require.Contains(c.t, page, text)
	}
}

// photograph keeps a picture of the whole page.
func (c *chromium) photograph(name string) {
	c.t.Helper()
	if c.shot == "" {
		return
	}
	picture, err := chromedp.Run(c.ctx, chromedp.FullScreenshot(100))
	require.NoError(c.t, err)
	require.NoError(c.t, os.MkdirAll(c.shot, 0o755))
	require.NoError(c.t, os.WriteFile(filepath.Join(c.shot, name+".png"), picture, 0o644))
}

// A real browser without JavaScript: the administrator's first day.
func TestBrowser(t *testing.T) {
	s := start(t, t.TempDir())
	_, link, ok := strings.Cut(s.lines[0], ": ")
	require.True(t, ok)
	boss := demoAccount{Identifier: "admin@example.com", Password: "seven herons beneath a maple"}
	c := newChromium(t, s.base)

	c.open(strings.TrimPrefix(link, s.base), "Choose your first password")
	c.photograph("01-first-password")
	c.fill("/password", "new", "password1", "repeat", "password1")
	c.press("/password", "Choose your first password")
	c.says("It needs at least 15 characters.")
	c.photograph("02-password-refused")
	c.fill("/password", "new", boss.Password, "repeat", boss.Password)
	c.press("/password", "Sign in")
	c.says("Your password is set.")

	c.fill("/signin", "identifier", boss.Identifier, "password", wrongPassword)
	c.press("/signin", "Sign in")
	c.says("The name or the password is wrong.")
	c.photograph("03-sign-in-wrong")
	c.fill("/signin", "password", boss.Password)
	c.press("/signin", "Overview")
	c.photograph("04-home-empty")
	c.do(chromedp.Click(chromedp.CSS("section:last-of-type summary")))
	c.fill("/customers", "name", "Harbour Light Foods", "city", "Qingdao", "contact", "Zhou Min")
	c.press("/customers", "Overview")
	c.says("It was added.", "Harbour Light Foods")

	elsewhere := s.signedIn(boss, "User-Agent", iphone)
	c.open("/account", "Your account")
	c.says("Safari on iPhone", "This session", "This device")
	c.photograph("05-account")
	c.press("/account/sessions/", "Your account")
	c.says("The session has ended.")
	require.Equal(t, "/signin", elsewhere.get("/").path())

	const next = "five boats on a silver pond"
	c.fill("/account/password", "current", boss.Password, "new", next, "repeat", next)
	c.press("/account/password", "Your account")
	c.says("Your new password is set.")
	c.photograph("06-password-changed")

	c.open("/admin", "Accounts")
	c.fill("/admin/accounts", "email", "li.na@example.com", "name", "Li Na")
	c.press("/admin/accounts", "Accounts")
	c.says("The invitation is on its way.", "li.na@example.com", "invited")
	c.photograph("07-accounts")

	s.clock.advance(11 * time.Minute)
	c.open("/admin", "Confirm that it is you")
	c.photograph("08-confirm")
	c.fill("/confirm", "password", next)
	c.press("/confirm", "Accounts")

	c.press("/signout", "Sign in")
	c.says("You have signed out.")
	c.open("/", "Sign in")
}

// The pages with something on them, for whoever looks at the pictures; and a
// lock, seen from a browser.
func TestBrowserPictures(t *testing.T) {
	s := demo(t)
	who := s.account(roleManager)
	c := newChromium(t, s.base)
	c.open("/", "Sign in")
	c.photograph("09-sign-in")
	c.fill("/signin", "identifier", who.Identifier, "password", who.Password)
	c.press("/signin", "Overview")
	c.says("Blue Heron Hotels", "¥1,988,000")
	c.photograph("10-home")
	c.do(chromedp.EmulateViewport(390, 844))
	c.open("/", "Overview")
	c.photograph("11-home-narrow")
	c.open("/account", "Your account")
	c.photograph("12-account-narrow")
	c.open("/admin", "That did not work")
	c.says("You are not allowed to do this.")
	c.photograph("13-forbidden")
	c.press("/signout", "Sign in")
	for range 5 {
		c.fill("/signin", "identifier", "nobody@example.com", "password", wrongPassword)
		c.press("/signin", "Sign in")
	}
	c.fill("/signin", "identifier", "nobody@example.com", "password", wrongPassword)
	c.press("/signin", "Sign in")
	c.says("Too many attempts.")
	c.photograph("14-too-many")
}
