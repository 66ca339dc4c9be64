package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A stranger's first minutes: the printed link chooses the password, once; then
// the page behind the form opens, and closes again.
func TestQuickstart(t *testing.T) {
	out, printed := io.Pipe()
	file, done := filepath.Join(t.TempDir(), "crm.db"), make(chan struct{})
	go func() {
		defer close(done)
		_ = printed.CloseWithError(serve(t.Context(), "localhost:0", file, printed))
	}()
	t.Cleanup(func() { <-done }) // by now the context has ended
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	link := line[strings.Index(line, "http"):]
	visit, err := url.Parse(strings.TrimSpace(link))
	require.NoError(t, err)
	base := "http://" + visit.Host

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	body := func(res *http.Response, err error) (string, string) {
		require.NoError(t, err)
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Less(t, res.StatusCode, 300, "%s", text)
		return res.Request.URL.Path, string(text)
	}
	token := func(page string) string {
		found := regexp.MustCompile(`name="form_token" value="([^"]+)"`).FindStringSubmatch(page)
		require.NotNil(t, found, page)
		return found[1]
	}
	const phrase = "quiet lantern above the river"

	_, page := body(browser.Get(visit.String()))
	choose := url.Values{"form_token": {token(page)}, "token": {visit.Query().Get("token")}, "password": {phrase}}
	path, page := body(browser.PostForm(base+"/password", choose))
	require.Equal(t, "/signin", path)
	res, err := browser.PostForm(base+"/password", choose)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusGone, res.StatusCode, "the link serves once")

	path, page = body(browser.PostForm(base+"/signin", url.Values{
		"form_token": {token(page)}, "identifier": {"admin@example.com"}, "password": {phrase},
	}))
	require.Equal(t, "/", path)
	require.Contains(t, page, "Signed in as admin@example.com.")

	path, _ = body(browser.PostForm(base+"/", url.Values{"form_token": {token(page)}}))
	require.Equal(t, "/signin", path)
	res, err = browser.Get(base + "/")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusUnauthorized, res.StatusCode, "who does not ask for HTML is told, not led")
}
