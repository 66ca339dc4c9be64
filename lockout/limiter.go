package lockout

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// Limiter is a named ladder over a store. It is immutable and safe for
// concurrent use; make one per thing that is counted and keep it.
type Limiter struct {
	store  Store
	once   Deduper // store, if it can; nil otherwise
	name   string
	policy Policy
	now    func() time.Time
	err    error
}

// New returns the limiter of that name. The name is a constant of the program,
// such as "login name": it is part of every key, so that limiters on one store
// never meet, and [BlockedError] carries it. A new name starts all its counters
// anew. Limiters whose keys are reserved together should share their store: it
// is then asked once.
//
// New never fails. A store that is nil or can't be compared by ==, an empty
// name or an invalid policy makes every Reserve and Try with a key of this
// limiter fail; [Limiter.Err] tells at once.
func New(store Store, name string, policy Policy) *Limiter {
	policy, err := policy.Complete()
	problems := []error{checkStore(store)}
	if name == "" {
		problems = append(problems, errors.New("lockout: a limiter needs a name"))
	}
	l := &Limiter{store: store, name: name, policy: policy, now: time.Now}
	l.once, _ = store.(Deduper)
	if err := errors.Join(append(problems, err)...); err != nil {
		l.err = fmt.Errorf("lockout: limiter %q: %w", name, err)
	}
	return l
}

func checkStore(store Store) error {
	v := reflect.ValueOf(store)
	switch {
	case !v.IsValid(), v.Kind() == reflect.Pointer && v.IsNil():
		return errors.New("lockout: a limiter needs a store: use new(lockout.MemoryStore)")
	case !v.Comparable():
		return fmt.Errorf("lockout: store %T cannot be compared: pass a pointer", store)
	}
	return nil
}

// Clock returns a copy of l that takes the time from now, which must be safe
// for concurrent use; nil means [time.Now]. The keys of both name the same
// counters. When keys of several limiters are reserved together, the clock of
// the first key's limiter serves them all.
func (l *Limiter) Clock(now func() time.Time) *Limiter {
	c := *l
	c.now = now
	if now == nil {
		c.now = time.Now
	}
	return &c
}

// Policy returns the policy of l with its defaults filled in.
func (l *Limiter) Policy() Policy {
	p, _ := l.policy.Complete()
	return p
}

// Err returns what is wrong with l, nil if nothing is. As long as it isn't nil
// every attempt on l's keys is refused with it.
func (l *Limiter) Err() error {
	if l.err == nil && l.store == nil {
		return errors.New("lockout: an empty Limiter: make limiters with New")
	}
	return l.err
}

// Key names one counter of one limiter. Keys are small, comparable and free to
// copy; the zero Key names nothing and is refused.
type Key struct {
	limiter *Limiter
	id      string
}

// Key returns the key that the parts name together, in this order: of ("a",
// "b"), ("b", "a") and ("ab") each is another. Without parts it is one counter
// for all. A part may be any string of any length; see the package comment on
// canonical parts. It costs one SHA-256 and one allocation.
func (l *Limiter) Key(parts ...string) Key {
	return Key{l, digest(l.name, parts)}
}

// digest is the format of stored keys. To change it resets every counter.
func digest(name string, parts []string) string {
	var small [256]byte
	b := appendPart(small[:0], name)
	for _, part := range parts {
		b = appendPart(b, part)
	}
	sum := sha256.Sum256(b)
	return string(base64.RawURLEncoding.AppendEncode(small[:0], sum[:]))
}

func appendPart(b []byte, part string) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
	return append(b, part...)
}

// String returns the key as the store knows it: 43 characters of base64url, a
// hash in which the parts can't be read. It may be logged.
func (k Key) String() string { return k.id }

// home is the store of the key; see byStore.
func (k Key) home() Store { return k.limiter.store }

func (k Key) check() error {
	if k.limiter == nil {
		return errors.New("lockout: an empty Key: make keys with Limiter.Key")
	}
	return k.limiter.Err()
}

// same reports whether k and o name one counter, whatever their clocks are.
func (k Key) same(o Key) bool {
	return k.id == o.id && k.limiter != nil && o.limiter != nil && k.limiter.store == o.limiter.store
}
