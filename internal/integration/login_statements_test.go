package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/internal/integration/sqlcount"
	"github.com/crmauth/crmauth/internal/logintest"
	"github.com/crmauth/crmauth/password"
)

// statements counts what call sends to the database, without the audit.
func statements(c *sqlcount.Counter, call func()) (n int, texts []string) {
	c.Reset()
	call()
	for _, text := range c.Recent() {
		if !strings.Contains(text, "crmauth_audit") {
			n++
			texts = append(texts, text)
		}
	}
	return n, texts
}

func TestLoginsTakeFewStatements(t *testing.T) {
	stores, counter := openStores(t, newFile(t))
	w := logintest.New(t, stores)
	w.Account(logintest.Person, logintest.Right)
	first := w.SignIn(logintest.Person, logintest.Right, logintest.Browser(1))
	known := logintest.With(logintest.Browser(1), first)
	known.Session = ""
	var in *auth.SignIn
	check := func() {
		_, err := w.Authenticate(t.Context(), in.Token.Reveal(), logintest.Browser(1))
		require.NoError(t, err)
	}
	for _, c := range []struct {
		name string
		most int
		call func()
	}{
		{"wrong login", 2, func() { _, _ = w.Try(logintest.Person, logintest.Wrong, logintest.Browser(2)) }},
		{"unknown identifier", 2, func() { _, _ = w.Try("nobody", logintest.Wrong, logintest.Browser(3)) }},
		{"wrong login with a device key", 3, func() { _, _ = w.Try(logintest.Person, logintest.Wrong, known) }},
		{"unknown identifier with a device key", 3, func() { _, _ = w.Try("nobody", logintest.Wrong, known) }},
		{"right login", 6, func() { in = w.SignIn(logintest.Person, logintest.Right, logintest.Browser(4)) }},
		{"right login with a device key", 6, func() { in = w.SignIn(logintest.Person, logintest.Right, known) }},
		{"check", 1, check},
		{"check a minute later", 2, func() { w.Clock.Add(time.Minute); check() }},
	} {
		n, texts := statements(counter, c.call)
		assert.LessOrEqual(t, n, c.most, "%s:\n%s", c.name, strings.Join(texts, "\n"))
		t.Logf("%-40s %d statements", c.name, n)
	}
}

// BenchmarkLogin measures right logins without their hash, as a multiple of as
// many bare commits on the same disk at the same time.
func BenchmarkLogin(b *testing.B) {
	path := newFile(b)
	stores, counter := openStores(b, path)
	w := logintest.New(b, stores, func(c *auth.Config) { c.Hashing.Argon2id.Memory = 8 })
	names, clients := make([]string, 500), make([]auth.Client, 500)
	for i := range names { // so many that none reaches its limit of sessions
		names[i] = fmt.Sprintf("person%d", i)
		w.Account(names[i], logintest.Right)
		clients[i] = logintest.With(logintest.Browser(1), w.SignIn(names[i], logintest.Right, logintest.Browser(1)))
		clients[i].Session = ""
	}
	n := 0
	login := func() {
		w.SignIn(names[n%len(names)], logintest.Right, clients[n%len(names)])
		n++
	}
	counter.Reset()
	login()
	commits := 0
	for _, text := range counter.Recent() {
		if !strings.HasPrefix(strings.TrimSpace(strings.ToUpper(text)), "SELECT") {
			commits++
		}
	}
	hasher, err := password.New(w.Config.Hashing)
	require.NoError(b, err)
	stored, err := hasher.Hash(b.Context(), logintest.Right)
	require.NoError(b, err)
	begin := nanoseconds()
	for range 100 {
		_, err = hasher.Verify(b.Context(), stored, logintest.Right)
		require.NoError(b, err)
	}
	hash := float64(nanoseconds()-begin) / 100
	db, _ := openFile(b, path)
	per := besides(b, bareCommit(b, db), login)
	b.ReportMetric(float64(commits), "commits/login")
	b.ReportMetric(hash, "ns/cheap-hash")
	b.ReportMetric((float64(b.Elapsed().Nanoseconds())/float64(b.N)-hash)/(float64(commits)*per), "×bare")
}
