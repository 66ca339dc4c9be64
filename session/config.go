package session

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"
)

// Config are the options of [New]. The zero value is the recommended one.
type Config struct {
	// Normal, Remembered and Public are the limits by [Kind] of session. Zero
	// fields take the defaults: 30 min and 12 h; 1 h and 24 h; 10 min and 2 h.
	// Whatever they say, the ceiling of the session's [Level] holds. They
	// concern sessions that are opened or rotated from now on (ASVS 7.1.1,
	// 7.3.1, 7.3.2).
	Normal, Remembered, Public Limits

	// Keep is how many active sessions one account may have; one more ends the
	// account's oldest. 0 means 10; [Unlimited] is possible (ASVS 7.1.2).
	Keep int

	// InsecureNoCeilings lifts the ceilings by level, and the bound of 30 days:
	// the limits above hold as they stand. Such sessions satisfy no assurance
	// level of SP 800-63B-4, and a stolen token serves its thief that long.
	InsecureNoCeilings bool

	// Now is the clock; nil means [time.Now].
	Now func() time.Time

	// Rand is where tokens and handles come from; nil means [rand.Reader].
	// Anything that can be foreseen opens every session. When it fails, no
	// session is opened. It must be safe for concurrent use.
	Rand io.Reader
}

// Limits are the two limits of a session's life.
type Limits struct {
	// Idle is how long a session lasts without activity: at least 2 minutes,
	// because activity is recorded once a minute, and at most Absolute. 0 means
	// the default, or Absolute where that is shorter.
	Idle time.Duration

	// Absolute is how long it lasts at most, counted from the authentication. 0
	// means the default.
	Absolute time.Duration
}

// Unlimited, as [Config.Keep], sets no bound to the sessions of an account. A
// stolen password then opens any number of them unnoticed.
const Unlimited = -1

const (
	defaultKeep = 10
	minIdle     = 2 * touchEvery
	kinds       = Public + 1
)

var (
	defaultLimits = [kinds]Limits{
		Normal:     {Idle: 30 * time.Minute, Absolute: 12 * time.Hour},
		Remembered: {Idle: time.Hour, Absolute: 24 * time.Hour},
		Public:     {Idle: 10 * time.Minute, Absolute: 2 * time.Hour},
	}
	// ceilings are those of SP 800-63B-4, 2.1.3, 2.2.3 and 2.3.3. An idle limit
	// is optional at AAL1.
	ceilings = [AAL3 + 1]Limits{
		AAL1: {Idle: 30 * 24 * time.Hour, Absolute: 30 * 24 * time.Hour},
		AAL2: {Idle: time.Hour, Absolute: 24 * time.Hour},
		AAL3: {Idle: 15 * time.Minute, Absolute: 12 * time.Hour},
	}
)

// New returns a manager of the sessions in store, or every problem that c has.
// It starts no goroutine; see [Manager.Expire] for housekeeping.
func New(store Store, c Config) (*Manager, error) {
	m := &Manager{
		store: store,
		kinds: [kinds]Limits{Normal: c.Normal, Remembered: c.Remembered, Public: c.Public},
		caps:  ceilings,
		clock: c.Now,
		rand:  c.Rand,
	}
	var problems []error
	if store == nil {
		problems = append(problems, errors.New("session: config: a store is required; new(MemoryStore) serves one process"))
	}
	for k := range m.kinds {
		var err error
		if m.kinds[k], err = m.kinds[k].complete(defaultLimits[k]); err != nil {
			problems = append(problems, fmt.Errorf("session: config: %v: %w", Kind(k), err))
		}
		if most := ceilings[AAL1].Absolute; m.kinds[k].Absolute > most && !c.InsecureNoCeilings {
			problems = append(problems, fmt.Errorf(
				"session: config: %v: Absolute is %v, more than the %v of SP 800-63B-4; InsecureNoCeilings permits it",
				Kind(k), m.kinds[k].Absolute, most))
		}
	}
	switch {
	case c.Keep == 0:
		m.keep = defaultKeep
	case c.Keep == Unlimited: // a store's keep of 0
	case c.Keep < 0:
		problems = append(problems, fmt.Errorf("session: config: Keep is %d, must be positive, 0 for %d, or Unlimited", c.Keep, defaultKeep))
	default:
		m.keep = c.Keep
	}
	if c.InsecureNoCeilings {
		m.caps = [AAL3 + 1]Limits{}
	}
	if m.clock == nil {
		m.clock = time.Now
	}
	if m.rand == nil {
		m.rand = rand.Reader
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return m, nil
}

// complete fills in defaults. An idle limit that nobody set follows a short
// absolute one; an absolute limit never grows by itself.
func (l Limits) complete(defaults Limits) (Limits, error) {
	if l.Absolute == 0 {
		l.Absolute = defaults.Absolute
	}
	if l.Idle == 0 {
		l.Idle = min(defaults.Idle, l.Absolute)
	}
	l.Idle, l.Absolute = l.Idle.Truncate(time.Microsecond), l.Absolute.Truncate(time.Microsecond)
	switch {
	case l.Idle < minIdle:
		return l, fmt.Errorf("an Idle of %v is too short, must be at least %v (or 0 for the default)", l.Idle, minIdle)
	case l.Idle > l.Absolute:
		return l, fmt.Errorf("an Idle of %v is longer than Absolute, %v", l.Idle, l.Absolute)
	}
	return l, nil
}

// Limits returns what holds for sessions of this kind and level: the limits of
// the kind, within the ceiling of the level. A level of 0 counts as [AAL1].
func (m *Manager) Limits(k Kind, level Level) Limits {
	l := m.kinds[min(k, Public)]
	top := m.caps[min(max(level, AAL1), AAL3)]
	if top == (Limits{}) {
		return l
	}
	return Limits{Idle: min(l.Idle, top.Idle), Absolute: min(l.Absolute, top.Absolute)}
}

// String returns "normal", "remembered" or "public".
func (k Kind) String() string {
	switch k {
	case Normal:
		return "normal"
	case Remembered:
		return "remembered"
	case Public:
		return "public"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// String returns "AAL1", "AAL2" or "AAL3".
func (l Level) String() string { return fmt.Sprintf("AAL%d", uint8(l)) }
