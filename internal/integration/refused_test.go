package integration

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/internal/logintest"
)

// counted reads one number of the counters' table.
func counted(t *testing.T, db *sql.DB, what string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow("SELECT "+what).Scan(&n))
	return n
}

// Clients that hang up at whatever moment of a refused login leave nothing on
// the counter that closes an account for good.
func TestHangingUpCountsOnNoCap(t *testing.T) {
	path := newFile(t)
	stores, _ := openStores(t, path)
	db, _ := openFile(t, path)
	w := logintest.New(t, stores, func(c *auth.Config) { c.Limits.Cap = 10 })
	w.Account(logintest.Person, logintest.Right)
	owner := logintest.With(logintest.Browser(1), w.SignIn(logintest.Person, logintest.Right, logintest.Browser(1)))
	owner.Session = ""
	for range 5 {
		_, _ = w.Try(logintest.Person, logintest.Wrong, logintest.Browser(2))
	}
	var all sync.WaitGroup
	for lane := range 4 {
		all.Go(func() {
			for i := range 50 {
				patience := time.Duration(4*i+lane) * 8 * time.Microsecond // up to more than a refusal takes
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				_, err := w.Login(ctx, auth.Credentials{Identifier: logintest.Person, Password: logintest.Wrong}, logintest.Browser(2))
				cancel()
				assert.Error(t, err)
			}
		})
	}
	all.Wait()
	verified := 0
	for _, e := range w.Audit.Events() {
		if e.Reason == audit.ReasonWrongPassword {
			verified++
		}
	}
	require.Equal(t, 5, verified)
	most := counted(t, db, "max(seq - cleared - given) FROM crmauth_counters WHERE free = 10 AND forget > 9000000000000000000")
	assert.Equal(t, verified, most, "consecutive failures of the password")
	w.SignIn(logintest.Person, logintest.Right, owner)
}

// A source that is refused makes no rows, whatever names it tries, and commits
// nothing.
func TestARefusedSourceMakesNoRows(t *testing.T) {
	path := newFile(t)
	stores, _ := openStores(t, path)
	db, _ := openFile(t, path)
	db.SetMaxOpenConns(1)
	w := logintest.New(t, stores, func(c *auth.Config) { c.Limits.Source.Free = 8 })
	for n := range 8 {
		_, err := w.Try(fmt.Sprint("x", n), logintest.Wrong, logintest.Browser(1))
		require.Same(t, auth.ErrInvalidCredentials, err)
	}
	refuse := func(n int) {
		_, err := w.Try(fmt.Sprint("y", n), logintest.Wrong, logintest.Browser(1))
		require.Equal(t, auth.CodeRateLimited, auth.CodeOf(err))
	}
	refuse(0) // the first of a minute is on record at once
	rows, commits := counted(t, db, "count(*) FROM crmauth_counters"), counted(t, db, "data_version FROM pragma_data_version")
	for n := range 100 {
		refuse(1 + n)
	}
	assert.Equal(t, rows, counted(t, db, "count(*) FROM crmauth_counters"))
	assert.Equal(t, commits, counted(t, db, "data_version FROM pragma_data_version"), "a flood of refused logins commits nothing")
}
