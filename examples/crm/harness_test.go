package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/password"
)

// clock goes on by itself and is moved by tests.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// cheap hashes passwords fast enough for tests.
var cheap = password.Config{Argon2id: password.Params{Memory: 64, Time: 1, Threads: 1}, InsecureCheap: true}

// site is the program, running.
type site struct {
	t      *testing.T
	clock  *clock
	base   string
	folder string
	lines  []string // printed before it listened
	stop   func() error
}

// start runs the program on a database in folder, which may be there already.
func start(t *testing.T, folder string, args ...string) *site {
	t.Helper()
	s := &site{t: t, clock: new(clock), folder: folder}
	ctx, cancel := context.WithCancel(context.Background())
	out, printed := io.Pipe()
	ended := make(chan error, 1)
	var log bytes.Buffer
	go func() {
		p := program{stdout: printed, stderr: &log, now: s.clock.now, hashing: cheap}
		err := p.run(ctx, append([]string{
			"-addr", "localhost:0", "-db", "sqlite:" + filepath.Join(folder, "crm.db"), "-outbox", filepath.Join(folder, "outbox"),
		}, args...))
		_ = printed.CloseWithError(err)
		ended <- err
	}()
	s.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		require.NoError(t, s.stop())
		if t.Failed() {
			t.Log(log.String())
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if base, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			s.base = base
			return s
		}
		s.lines = append(s.lines, lines.Text())
	}
	require.FailNow(t, "the program ended", "%v\n%s", s.stop(), log.String())
	return nil
}

// demo starts on a fresh database with the demo's data.
func demo(t *testing.T, args ...string) *site {
	t.Helper()
	return start(t, t.TempDir(), append([]string{"-seed", "demo"}, args...)...)
}

// account returns the first of the demo's accounts with a role.
func (s *site) account(role string) demoAccount {
	s.t.Helper()
	for _, a := range s.accounts() {
		if a.Roles[0] == role {
			return a
		}
	}
	require.FailNow(s.t, "no demo account", role)
	return demoAccount{}
}

func (s *site) accounts() (list []demoAccount) {
	s.t.Helper()
	require.Len(s.t, s.lines, 1)
	text, ok := strings.CutPrefix(s.lines[0], "demo accounts: ")
	require.True(s.t, ok, s.lines[0])
	require.NoError(s.t, json.Unmarshal([]byte(text), &list))
	return list
}

// token takes the newest message for an address out of the outbox folder.
func (s *site) token(to string) string {
	s.t.Helper()
	var found string
	require.Eventually(s.t, func() bool {
		files, err := filepath.Glob(filepath.Join(s.folder, "outbox", "*.json"))
		require.NoError(s.t, err)
		for _, name := range files {
			text, err := os.ReadFile(name)
			require.NoError(s.t, err)
			var m struct{ To, Secret string }
			require.NoError(s.t, json.Unmarshal(text, &m))
			if m.To == to && m.Secret != "" {
				found = m.Secret
				require.NoError(s.t, os.Remove(name))
			}
		}
		return found != ""
	}, 10*time.Second, 10*time.Millisecond, "no message for "+to)
	return found
}

// visitor is somebody with a browser.
type visitor struct {
	t      *testing.T
	site   *site
	client *http.Client
	header http.Header
}

func (s *site) visitor(header ...string) *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	v := &visitor{t: s.t, site: s, client: &http.Client{Jar: jar}, header: http.Header{"Accept": {"text/html"}}}
	for i := 0; i < len(header); i += 2 {
		v.header.Set(header[i], header[i+1])
	}
	return v
}

// answer is what came back, redirects followed.
type answer struct {
	*http.Response
	body string
}

func (a answer) path() string { return a.Request.URL.Path }

func (v *visitor) do(method, path, media, body string) answer {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.site.base+path, strings.NewReader(body))
	require.NoError(v.t, err)
	r.Header = v.header.Clone()
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	res, err := v.client.Do(r)
	require.NoError(v.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	return answer{res, string(text)}
}

func (v *visitor) get(path string) answer {
	v.t.Helper()
	return v.do("GET", path, "", "")
}

// post sends JSON, as programs do.
func (v *visitor) post(path string, body any) answer {
	v.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(v.t, err)
	return v.do("POST", path, "application/json", string(text))
}

var (
	formPattern   = regexp.MustCompile(`(?s)<form[^>]* action="([^"]+)"[^>]*>(.*?)</form>`)
	hiddenPattern = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
)

// form returns the hidden fields of the form on a page with this action.
func (a answer) form(t *testing.T, action string) url.Values {
	t.Helper()
	for _, f := range formPattern.FindAllStringSubmatch(a.body, -1) {
		if f[1] == action {
			fields := url.Values{}
			for _, h := range hiddenPattern.FindAllStringSubmatch(f[2], -1) {
				fields.Set(h[1], h[2])
			}
			return fields
		}
	}
	require.FailNow(t, "no form "+action, a.body)
	return nil
}

// submit fills in the form on a page and sends it.
func (v *visitor) submit(on answer, action string, nameValues ...string) answer {
	v.t.Helper()
	fields := on.form(v.t, action)
	for i := 0; i < len(nameValues); i += 2 {
		fields.Set(nameValues[i], nameValues[i+1])
	}
	return v.do("POST", action, "application/x-www-form-urlencoded", fields.Encode())
}

func (v *visitor) signIn(who demoAccount, more ...string) answer {
	v.t.Helper()
	return v.submit(v.get("/signin"), "/signin", append([]string{"identifier", who.Identifier, "password", who.Password}, more...)...)
}

// signedIn returns a browser in which somebody is.
func (s *site) signedIn(who demoAccount, header ...string) *visitor {
	s.t.Helper()
	v := s.visitor(header...)
	a := v.signIn(who)
	require.Equal(s.t, http.StatusOK, a.StatusCode, a.body)
	require.Equal(s.t, "/", a.path())
	return v
}

type object = map[string]any
