package auth_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/internal/logintest"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/password"
	"github.com/crmauth/crmauth/store/memstore"
)

// TestTiming prints how well time tells accounts apart: the area under the ROC
// curve of each kind of account against a wrong password; 0.5 is not at all.
// It runs on demand, because it measures.
func TestTiming(t *testing.T) {
	if os.Getenv("CRMAUTH_TIMING") == "" {
		t.Skip("set CRMAUTH_TIMING=1 to measure whether time tells accounts apart")
	}
	w := logintest.New(t, new(memstore.Store).Stores(), func(c *auth.Config) {
		c.Hashing = password.Config{
			Argon2id: password.Params{Memory: 1024, Time: 1, Threads: 1}, InsecureCheap: true,
			Accept: []password.Scheme{password.Bcrypt(5)},
		}
		open := lockout.Policy{Free: 1 << 30}
		c.Limits = auth.Limits{Account: open, Device: open, Source: open, Network: open}
	})
	const runs = 1000
	old, err := password.New(password.Config{Argon2id: password.Params{Memory: 512, Time: 1, Threads: 1}, InsecureCheap: true})
	require.NoError(t, err)
	oldHash, err := old.Hash(t.Context(), logintest.Right)
	require.NoError(t, err)
	crypt, err := bcrypt.GenerateFromPassword([]byte(logintest.Right), 4)
	require.NoError(t, err)
	add := func(name string, a auth.Account) {
		a.Identifier = name
		_, err := w.Stores.Accounts.(auth.AccountCreator).Create(t.Context(), a)
		require.NoError(t, err)
	}
	// A cap closes after 100 failures: enough accounts of each kind.
	kinds := []string{"wrong", "unknown", "disabled", "without", "older", "bcrypt"}
	for i := range runs / 50 {
		w.Account(fmt.Sprintf("wrong%d", i), logintest.Right)
		w.AccountWith(auth.Account{Identifier: fmt.Sprintf("disabled%d", i), Disabled: true}, logintest.Right)
		w.Account(fmt.Sprintf("without%d", i), "")
		add(fmt.Sprintf("older%d", i), auth.Account{PasswordHash: oldHash})
		add(fmt.Sprintf("bcrypt%d", i), auth.Account{PasswordHash: string(crypt)})
	}
	var order []int
	for range runs {
		order = append(order, rand.Perm(len(kinds))...)
	}
	times := make([][]float64, len(kinds))
	for n, k := range order {
		name := fmt.Sprintf("%s%d", kinds[k], n/len(kinds)/50)
		begin := time.Now()
		_, err := w.Login(context.Background(), auth.Credentials{Identifier: name, Password: logintest.Wrong}, logintest.Browser(k))
		times[k] = append(times[k], float64(time.Since(begin)))
		require.Same(t, auth.ErrInvalidCredentials, err, name)
	}
	for k := 1; k < len(kinds); k++ {
		t.Logf("%-9s against wrong: area under the ROC curve %.3f", kinds[k], area(times[0], times[k]))
	}
}

// area is the probability that a value of b is larger than one of a.
func area(a, b []float64) float64 {
	sort.Float64s(a)
	sum := 0.0
	for _, x := range b {
		low := sort.SearchFloat64s(a, x)
		high := sort.Search(len(a), func(i int) bool { return a[i] > x })
		sum += float64(low) + float64(high-low)/2
	}
	return sum / float64(len(a)*len(b))
}
