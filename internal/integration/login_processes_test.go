package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/keyring"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/internal/logintest"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/password"
)

var cheap = password.Config{Argon2id: password.Params{Memory: 64, Time: 1, Threads: 1}, InsecureCheap: true}

// service is a login over a database file, as each process has it.
func service(stores auth.Stores, path string, limits auth.Limits) (*auth.Service, error) {
	keys, err := keyring.Open(path + ".keys")
	if err != nil {
		return nil, err
	}
	return auth.New(auth.Config{
		BaseURL: "https://crm.example.com", Stores: stores, Keys: keys, Hashing: cheap, Limits: limits,
		Notifier: notify.InsecureConsole(os.Stderr),
	})
}

// person makes the account of logintest.Person, known as lina too.
func person(t *testing.T, stores auth.Stores) (id string) {
	t.Helper()
	h, err := password.New(cheap)
	require.NoError(t, err)
	hash, err := h.Hash(t.Context(), logintest.Right)
	require.NoError(t, err)
	id, err = stores.Accounts.(auth.AccountCreator).Create(t.Context(), auth.Account{Identifier: logintest.Person, PasswordHash: hash}, "lina")
	require.NoError(t, err)
	return id
}

// childGuesses guesses in parallel through both names of one account.
func childGuesses(ctx context.Context, path string) error {
	_, stores, err := childStores(ctx, path)
	if err != nil {
		return err
	}
	svc, err := service(stores, path, auth.Limits{})
	if err != nil {
		return err
	}
	ready()
	var all sync.WaitGroup
	errs := make([]error, contenders)
	names := []string{logintest.Person, "lina"}
	for i := range errs {
		all.Go(func() {
			_, err := svc.Login(ctx, auth.Credentials{Identifier: names[i%2], Password: fmt.Sprint("guess number ", i)}, logintest.Browser(i))
			if c := auth.CodeOf(err); c != auth.CodeInvalidCredentials && c != auth.CodeRateLimited && c != auth.CodeOverloaded {
				errs[i] = err
			}
		})
	}
	all.Wait()
	fmt.Println("done")
	return errors.Join(errs...)
}

func TestTwoProcessesVerifyNoMoreThanTheLimit(t *testing.T) {
	path := newFile(t)
	stores, _ := openStores(t, path)
	person(t, stores)
	a, b := startChild(t, "guess", path), startChild(t, "guess", path)
	a.begin()
	b.begin()
	for _, c := range []*child{a, b} {
		assert.Equal(t, "done", c.line())
		c.finish()
	}
	verified := 0
	for e, err := range stores.Audit.(audit.Reader).Events(t.Context(), audit.Filter{}, audit.Cursor{}) {
		require.NoError(t, err)
		if e.Reason == audit.ReasonWrongPassword {
			verified++
		}
	}
	assert.Equal(t, 5, verified)
}

// childLogsIn signs in and guesses until it is killed, and prints what was
// acknowledged.
func childLogsIn(ctx context.Context, path string) error {
	_, stores, err := childStores(ctx, path)
	if err != nil {
		return err
	}
	svc, err := service(stores, path, unlimited)
	if err != nil {
		return err
	}
	ready()
	failed := make(chan error)
	var mu sync.Mutex
	print := func(a ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(a...)
	}
	go func() {
		for n := 0; ; n++ {
			in, err := svc.Login(ctx, auth.Credentials{Identifier: logintest.Person, Password: logintest.Right}, logintest.Browser(1))
			if err != nil {
				failed <- err
				return
			}
			print("session", in.Token.Reveal())
		}
	}()
	go func() {
		for n := 0; ; n++ {
			_, err := svc.Login(ctx, auth.Credentials{Identifier: "nobody", Password: logintest.Wrong}, logintest.Browser(2))
			if !errors.Is(err, auth.ErrInvalidCredentials) {
				failed <- err
				return
			}
			print("failure", n)
		}
	}()
	return <-failed
}

// unlimited limits nothing that these tests count.
var unlimited = auth.Limits{
	Account: lockout.Policy{Free: 1 << 30}, Source: lockout.Policy{Free: 1 << 30}, Network: lockout.Policy{Free: 1 << 30},
}

func TestKilledInTheMiddleOfLoginsLosesNothingAcknowledged(t *testing.T) {
	path := newFile(t)
	stores, _ := openStores(t, path)
	id := person(t, stores)
	c := startChild(t, "login", path)
	c.begin()
	var tokens []string
	failures := 0
	note := func(line string) {
		if token, ok := strings.CutPrefix(line, "session "); ok {
			tokens = append(tokens, token)
		} else if strings.HasPrefix(line, "failure ") {
			failures++
		}
	}
	for len(tokens) < 40 || failures < 40 {
		line := c.line()
		require.NotEmpty(t, line)
		note(line)
	}
	require.NoError(t, c.cmd.Process.Kill())
	for c.output.Scan() {
		note(c.output.Text())
	}
	require.Error(t, c.cmd.Wait())

	again, _ := openStores(t, path)
	svc, err := service(again, path, unlimited)
	require.NoError(t, err)
	for _, token := range tokens[len(tokens)-10:] { // the limit of sessions keeps the latest ten
		p, err := svc.Authenticate(t.Context(), token, auth.Client{})
		if assert.NoError(t, err) {
			assert.Equal(t, id, p.Account)
		}
	}
	counted := int64(0)
	for e, err := range again.Audit.(audit.Reader).Events(t.Context(), audit.Filter{}, audit.Cursor{}) {
		require.NoError(t, err)
		if e.Reason == audit.ReasonUnknownIdentifier {
			counted++
		}
	}
	assert.GreaterOrEqual(t, counted, int64(failures))
	source := lockout.New(again.Counters, "identifier", unlimited.Account)
	a, err := lockout.Reserve(t.Context(), source.Key("", "nobody"))
	require.NoError(t, err)
	assert.Greater(t, a.Failures(source.Key("", "nobody")), int64(failures), "counted attempts were lost")
	t.Logf("%d sessions and %d failures acknowledged, none lost", len(tokens), failures)
}
