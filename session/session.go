package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"
)

// The errors that callers branch on. Everything else is a fault of the store,
// of the random source or of the call, and opens nothing.
var (
	// ErrNotFound says that there is no such session: the token is malformed,
	// was never issued, or its session ended. The three look alike on purpose.
	ErrNotFound = errors.New("session: no such session, sign in again")

	// ErrExpired says that the session outlived its idle or absolute limit. It
	// is an [ErrNotFound] too, for callers that need no difference.
	ErrExpired error = expiredError{}

	// ErrExists is how a [Store] refuses a key that is taken.
	ErrExists = errors.New("session: the key is taken")

	// ErrEnded says that [Login.Secret] belongs to a session that has ended: the
	// login is a replay and opens nothing.
	ErrEnded = errors.New("session: this login's session has ended, sign in again")

	// ErrLevel says that [Manager.Rotate] was to raise the level without a
	// factor that was used anew (SP 800-63B-4, 5.1).
	ErrLevel = errors.New("session: the level rises only with a factor that was used anew")
)

type expiredError struct{}

func (expiredError) Error() string { return "session: expired, sign in again" }
func (expiredError) Unwrap() error { return ErrNotFound }

// touchEvery is how far Seen may lag behind: a busy session costs one write a
// minute, not one a request.
const touchEvery = time.Minute

// Manager opens, checks, rotates and ends the sessions of a [Store]. [New]
// makes one; it holds no state of its own, so any number of processes may share
// a store; by as much as their clocks differ, limits come early or late. Its
// methods are safe for concurrent use.
type Manager struct {
	store Store
	kinds [kinds]Limits
	caps  [AAL3 + 1]Limits
	keep  int
	clock func() time.Time
	rand  io.Reader
}

// Created is a session with a fresh token.
type Created struct {
	Token    Token // goes to the client, and nowhere else
	Session  Session
	Ended    []string // IDs of the sessions that made room; see [Config.Keep]
	Repeated bool     // the session existed: this login was submitted before
}

// Create opens a session for somebody whose credentials were verified just now.
// One more than [Config.Keep] ends the account's oldest.
//
// With [Login.Secret] a repeated call returns the session and the token of the
// first one, with Repeated set, and [ErrEnded] once that session is over.
func (m *Manager) Create(ctx context.Context, l Login) (Created, error) {
	s, err := m.open(l)
	if err != nil {
		return Created{}, fmt.Errorf("session: create: %w", err)
	}
	token, err := m.issue(&s, l.Secret)
	if err != nil {
		return Created{}, fmt.Errorf("session: create: %w", err)
	}
	ended, err := m.store.Create(ctx, s, m.keep)
	switch {
	case err == nil:
		return Created{Token: token, Session: s, Ended: ended}, nil
	case errors.Is(err, ErrExists) && l.Secret != nil:
		return m.repeat(ctx, token, s)
	default:
		return Created{}, fmt.Errorf("session: create: %w", err)
	}
}

// repeat answers a login whose key is taken: with the session that took it, if
// that one lives and is the same account's.
func (m *Manager) repeat(ctx context.Context, token Token, s Session) (Created, error) {
	first, err := m.store.Get(ctx, s.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return Created{}, ErrEnded
	case err != nil:
		return Created{}, fmt.Errorf("session: create: %w", err)
	case first.Tenant != s.Tenant || first.Account != s.Account:
		return Created{}, fmt.Errorf("session: create: the secret serves another account: %w", ErrExists)
	case !first.Active(s.Created):
		return Created{}, ErrEnded
	}
	return Created{Token: token, Session: first, Repeated: true}, nil
}

// Check returns the session of a token and counts as activity. It is one read
// of the store, and one write if the latest activity is a minute ago; it
// allocates nothing of its own. The limits are those of the moment of the call.
//
// [ErrNotFound] means that there is none, [ErrExpired] that it is over. On any
// other error nothing is known about the token: refuse the request.
func (m *Manager) Check(ctx context.Context, token string) (Session, error) {
	now := m.clock()
	k, err := m.Parse(token)
	if err != nil {
		return Session{}, err
	}
	s, err := m.store.Get(ctx, k)
	if err != nil {
		return Session{}, fault("check", err)
	}
	if _, err := m.admit(ctx, &s, now); err != nil {
		return Session{}, err
	}
	return s, nil
}

// Admit is the second half of [Manager.Check], for callers that read the
// session by other means, such as a join with the account: it refuses a session
// that is not active, and records the activity if the latest is a minute ago.
// touched reports that it did, which is a good moment for other work that is
// due once a minute.
//
// On an error s must not be used.
func (m *Manager) Admit(ctx context.Context, s *Session) (touched bool, err error) {
	return m.admit(ctx, s, m.clock())
}

func (m *Manager) admit(ctx context.Context, s *Session, now time.Time) (touched bool, err error) {
	if due, err := s.due(now); !due {
		return false, err
	}
	now = micro(now)
	switch found, err := m.store.Touch(ctx, s.Key, now); {
	case err != nil:
		return false, fault("touch", err)
	case !found: // it ended since it was read
		return false, ErrNotFound
	}
	s.Seen = now
	return true, nil
}

// Due refuses a session that is not active, and tells whether [Manager.Admit]
// would record the activity now, as it does once a minute. It asks no store. What
// must be checked that often is best checked between Due and Admit: a caller who
// is cut off there leaves it due.
func (m *Manager) Due(s *Session) (due bool, err error) { return s.due(m.clock()) }

func (s *Session) due(now time.Time) (bool, error) {
	if !s.Active(now) {
		return false, ErrExpired
	}
	return !now.Before(s.Seen.Add(touchEvery)), nil
}

// Rotate gives a session a new token; the old one is dead when Rotate returns,
// without grace. Rotate at every authentication within a session: step-up,
// re-authentication, change of password (ASVS 7.2.4). old is what
// [Manager.Check] returned.
//
// change, which may be nil, says what is different from now on: Level, Factors
// (see [Session.Renew]), Roles, Identifier, Epoch, Device, IP, UserAgent. The
// other fields are kept, whatever it does to them. The level rises only with a
// factor that was used anew, otherwise [ErrLevel].
//
// Rotating is activity, so the idle limit starts anew. The absolute limit does
// so only if every factor in Factors was used anew: one of two factors doesn't
// prolong what took two to open.
//
// Of several rotations of one session exactly one wins. The others, and a
// rotation of a session that has ended, get [ErrNotFound].
func (m *Manager) Rotate(ctx context.Context, old Session, change func(next *Session)) (Created, error) {
	now := m.now()
	if !old.Active(now) {
		return Created{}, ErrExpired
	}
	next, err := m.succeed(old, change, now)
	if err != nil {
		return Created{}, fmt.Errorf("session: rotate: %w", err)
	}
	token, err := m.issue(&next, nil)
	if err != nil {
		return Created{}, fmt.Errorf("session: rotate: %w", err)
	}
	switch won, err := m.store.Rotate(ctx, old.Key, next); {
	case err != nil:
		return Created{}, fault("rotate", err)
	case !won:
		return Created{}, ErrNotFound
	}
	return Created{Token: token, Session: next}, nil
}

// End ends the sessions that f selects and returns how many. When it has
// returned without an error, no process accepts them. Ending none is no error.
//
// A handle of another account, or of another tenant, selects nothing: it is
// safe to put an ID that a user sent into a Filter of that user's own account.
func (m *Manager) End(ctx context.Context, f Filter) (int, error) {
	if f.Account == "" {
		return 0, errors.New("session: end: Filter.Account is required")
	}
	n, err := m.store.End(ctx, f, m.now())
	if err != nil {
		return n, fault("end", err)
	}
	return n, nil
}

// EndToken signs out: it ends the token's session and returns it.
// [ErrNotFound] says that there was nothing to end, which for a user who wants
// to leave is just as well.
func (m *Manager) EndToken(ctx context.Context, token string) (Session, error) {
	k, err := m.Parse(token)
	if err != nil {
		return Session{}, err
	}
	s, err := m.store.Get(ctx, k)
	if err != nil {
		return Session{}, fault("end", err)
	}
	// By handle, not by key: a rotation in flight doesn't outlive the logout.
	switch n, err := m.End(ctx, Filter{Tenant: s.Tenant, Account: s.Account, ID: s.ID}); {
	case err != nil:
		return Session{}, err
	case n == 0:
		return Session{}, ErrNotFound
	}
	return s, nil
}

// List yields the sessions of an account that are active now, newest first. It
// streams from the store; an error is yielded last.
func (m *Manager) List(ctx context.Context, tenant, account string) iter.Seq2[Session, error] {
	return func(yield func(Session, error) bool) {
		now := m.now()
		for s, err := range m.store.List(ctx, tenant, account) {
			if err != nil {
				yield(Session{}, fault("list", err))
				return
			}
			if s.Active(now) && !yield(s, nil) {
				return
			}
		}
	}
}

// Expire lets the store drop at most limit sessions that are over, and reports
// how many it dropped. It does nothing if the store's sessions vanish by
// themselves. Nothing depends on it but the size of the store: a session that
// is over is refused whether or not it was dropped.
func (m *Manager) Expire(ctx context.Context, limit int) (int, error) {
	e, ok := m.store.(Expirer)
	if !ok {
		return 0, nil
	}
	n, err := e.Expire(ctx, m.now(), limit)
	if err != nil {
		return n, fault("expire", err)
	}
	return n, nil
}

// Renew notes that a factor was used at the given time (zero means now): it
// becomes the latest of Factors, in place of an earlier use of the same method.
// It is meant for the change function of [Manager.Rotate].
func (s *Session) Renew(method string, at time.Time) {
	s.Factors = slices.DeleteFunc(s.Factors, func(f Factor) bool { return f.Method == method })
	s.Factors = append(s.Factors, Factor{Method: method, Time: at})
}

// now is the time at the resolution that every store can keep: microseconds,
// without a monotonic reading.
func (m *Manager) now() time.Time { return micro(m.clock()) }

func micro(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

// fault says what was being done when a store failed. What callers compare
// stays as it is.
func fault(verb string, err error) error {
	if errors.Is(err, ErrNotFound) {
		return err
	}
	return fmt.Errorf("session: %s: %w", verb, err)
}
