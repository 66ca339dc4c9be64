package integration

import (
	"database/sql"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/lockout"
)

// BenchmarkReserveAndSettle counts an attempt on three keys and clears them: two
// commits. "×bare" compares it with two commits of one small row each, measured
// in turns on the same file: 1 would be the commits alone.
func BenchmarkReserveAndSettle(b *testing.B) {
	path := newFile(b)
	stores, _ := openStores(b, path)
	db, _ := openFile(b, path)
	commit := bareCommit(b, db)
	policy := complete(b, lockout.Policy{})
	attempts := 0
	attempt := func() {
		var requests []lockout.Request
		for _, kind := range []string{"name ", "lane ", "source "} {
			requests = append(requests, lockout.Request{Key: kind + strconv.Itoa(attempts%1000), Policy: policy})
		}
		attempts++
		counts, err := stores.Counters.Reserve(b.Context(), start, requests...)
		require.NoError(b, err)
		var settlements []lockout.Settlement
		for i, r := range requests {
			settlements = append(settlements, lockout.Settlement{Key: r.Key, Seq: counts[i].Seq, Outcome: lockout.Succeeded})
		}
		require.NoError(b, stores.Counters.Settle(b.Context(), settlements...))
	}
	perCommit := besides(b, commit, attempt)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(2*perCommit), "×bare")
}

// besides runs the benchmark's loop over one and reports the time of the other,
// in turns of 16 on the same disk at the same time; it returns the other's
// nanoseconds.
func besides(b *testing.B, other, one func()) float64 {
	const turn = 16
	var others, elapsed int64
	for i := 0; b.Loop(); i++ {
		if i%turn == 0 {
			b.StopTimer()
			before := nanoseconds()
			for range turn {
				other()
			}
			elapsed += nanoseconds() - before
			others += turn
			b.StartTimer()
		}
		one()
	}
	each := float64(elapsed) / float64(others)
	b.ReportMetric(each, "ns/bare-commit")
	return each
}

func bareCommit(b *testing.B, db *sql.DB) func() {
	_, err := db.Exec("CREATE TABLE bare (n INTEGER)")
	require.NoError(b, err)
	insert, err := db.Prepare("INSERT INTO bare (n) VALUES (?)")
	require.NoError(b, err)
	n := 0
	return func() {
		n++
		_, err := insert.ExecContext(b.Context(), n)
		require.NoError(b, err)
	}
}

func BenchmarkSessionCheck(b *testing.B) {
	stores, _ := openStores(b, newFile(b))
	id, err := stores.Accounts.(auth.AccountCreator).Create(b.Context(), auth.Account{Identifier: "li"})
	require.NoError(b, err)
	_, err = stores.Security.Save(b.Context(), auth.Security{Account: id, Marks: []string{"a mark"}}, 0)
	require.NoError(b, err)
	s := newSession(id, "a")
	_, err = stores.Sessions.Create(b.Context(), s, 0)
	require.NoError(b, err)
	joined := stores.Sessions.(auth.Joiner).Join(stores.Accounts, stores.Security)
	b.Run("session", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := stores.Sessions.Get(b.Context(), s.Key); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("session, account and security record", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, _, err := joined.Session(b.Context(), s.Key); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("in parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := stores.Sessions.Get(b.Context(), s.Key); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

func BenchmarkAccount(b *testing.B) {
	stores, _ := openStores(b, newFile(b))
	_, err := stores.Accounts.(auth.AccountCreator).Create(b.Context(), auth.Account{Identifier: "li"})
	require.NoError(b, err)
	for b.Loop() {
		if _, err := stores.Accounts.Find(b.Context(), "", "li"); err != nil {
			b.Fatal(err)
		}
	}
}

func nanoseconds() int64 { return time.Now().UnixNano() }
