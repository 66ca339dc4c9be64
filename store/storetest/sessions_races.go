package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/session"
)

func sessionRaces() []Case {
	return []Case{
		{Sessions, "race to rotate", "of many rotations of one session exactly one wins, and only the winner's session is there",
			"a stolen token is rotated beside the owner's, and both live on", raceRotate},
		{Sessions, "race for one key", "of many creations under one key exactly one succeeds, the others get session.ErrExists",
			"a double click opens two sessions", raceSessionKey},
		{Sessions, "race with a limit", "after many parallel creations with keep N exactly N are active, and each of the others was reported as ended once",
			"a limit of concurrent sessions is passed by signing in quickly", raceKeep},
		{Sessions, "race of end and touch", "once End has returned, nothing finds the session, however many touches were under way",
			"logout does not sign out a page that polls", raceEndTouch},
		{Sessions, "race of end and rotate", "no rotation that races with the end of all sessions leaves one alive",
			"a session escapes its revocation by rotating", raceEndRotate},
		{Sessions, "race to end", "of many calls that end the same sessions each session is counted by one",
			"a revocation is recorded twice, or not at all", raceEnd},
	}
}

func raceRotate(e *exam) {
	current := e.start(e.session("a", 0))
	for round := range 3 {
		var winner atomic.Value
		e.oneWins("Rotate", func(i int, s auth.Stores) (bool, error) {
			next := e.session("a", time.Duration(round+1)*time.Minute)
			won, err := s.Sessions.Rotate(e.ctx, current.Key, next)
			if won {
				winner.Store(next)
			}
			return won, err
		})
		next, ok := winner.Load().(session.Session)
		if !ok {
			return
		}
		e.equal(e.sessions("acme", "a"), []session.Session{next}, "the list after a race to rotate")
		e.live(next, "the winner's session")
		current = next
	}
}

// unlessTaken turns the answer of a creation into that of a race.
func unlessTaken(err error) (won bool, _ error) {
	if errors.Is(err, session.ErrExists) {
		return false, nil
	}
	return err == nil, err
}

func raceSessionKey(e *exam) {
	k := key("acme", "a")
	var winner atomic.Value
	e.oneWins("Create", func(i int, s auth.Stores) (bool, error) {
		next := e.session("a", 0)
		next.Key = k
		won, err := unlessTaken(second(s.Sessions.Create(e.ctx, next, 0)))
		if won {
			winner.Store(next)
		}
		return won, err
	})
	if s, ok := winner.Load().(session.Session); ok {
		e.equal(e.sessions("acme", "a"), []session.Session{s}, "the list after a race for one key")
	}
}

func raceKeep(e *exam) {
	const keep = 3
	var mu sync.Mutex
	ended := make(map[string]int)
	n := e.race(e.opts.Contenders, func(i int, s auth.Stores) (bool, error) {
		ids, err := s.Sessions.Create(e.ctx, e.session("a", time.Duration(i%7)*time.Microsecond), keep)
		mu.Lock()
		defer mu.Unlock()
		for _, id := range ids {
			ended[id]++
		}
		return err == nil, err
	})
	left := e.sessions("acme", "a")
	if len(left) != keep {
		e.errorf("%d sessions are active after %d creations with keep %d", len(left), n, keep)
	}
	e.equal(len(left)+len(ended), n, "sessions that are left and that were reported as ended, together")
	for id, times := range ended {
		if times != 1 {
			e.errorf("session %s was reported as ended %d times", id, times)
		}
	}
	for _, s := range left {
		if ended[s.ID] > 0 {
			e.errorf("a session was reported as ended and is still there")
		}
	}
}

func raceEndTouch(e *exam) {
	for round := range 10 {
		s := e.start(e.session(fmt.Sprint("a", round), 0))
		var over atomic.Bool // End has returned
		e.race(min(e.opts.Contenders, 20), func(i int, st auth.Stores) (bool, error) {
			if i == 10 {
				n, err := st.Sessions.End(e.ctx, session.Filter{Tenant: s.Tenant, Account: s.Account, ID: s.ID}, e.now)
				over.Store(true)
				e.equal(n, 1, "sessions that End ended")
				return true, err
			}
			for j := range 5 {
				late := over.Load()
				active, err := st.Sessions.Touch(e.ctx, s.Key, e.at(time.Duration(i+j)*time.Minute))
				if err != nil {
					return false, err
				}
				if late && active {
					e.errorf("Touch reported an active session after End had returned")
				}
				if _, err := st.Sessions.Get(e.ctx, s.Key); late && !errors.Is(err, session.ErrNotFound) {
					e.errorf("Get returned error %v after End had returned", err)
				}
			}
			return false, nil
		})
		e.gone(s, "a session that was ended while it was touched")
	}
}

func raceEndRotate(e *exam) {
	for round := range 20 {
		account := fmt.Sprint("a", round)
		first := e.start(e.session(account, 0))
		var over atomic.Bool // End has returned
		e.race(min(e.opts.Contenders, 8), func(i int, s auth.Stores) (bool, error) {
			if i == 0 {
				defer over.Store(true)
				_, err := s.Sessions.End(e.ctx, session.Filter{Tenant: "acme", Account: account}, e.at(time.Minute))
				return false, err
			}
			// Each rotates from the first session on, as long as it wins, and
			// once more when End has returned.
			k := first.Key
			for last := false; !last; runtime.Gosched() {
				last = over.Load()
				next := e.session(account, time.Minute)
				won, err := s.Sessions.Rotate(e.ctx, k, next)
				if !won || err != nil {
					return won, err
				}
				k = next.Key
			}
			return true, nil
		})
		if left := e.sessions("acme", account); len(left) > 0 {
			e.fatalf("%d sessions are left after End of all while they rotated", len(left))
		}
	}
}

func raceEnd(e *exam) {
	const n = 20
	for i := range n {
		e.start(e.session("a", time.Duration(i)*time.Second))
	}
	var ended atomic.Int64
	e.race(e.opts.Contenders, func(i int, s auth.Stores) (bool, error) {
		n, err := s.Sessions.End(e.ctx, session.Filter{Tenant: "acme", Account: "a"}, e.now)
		ended.Add(int64(n))
		return n > 0, err
	})
	e.equal(int(ended.Load()), n, "sessions that all calls of End ended, together")
	e.equal(len(e.sessions("acme", "a")), 0, "sessions that are left")
}
