package auth

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/crmauth/crmauth/lockout"
)

// limiters are the ladders of one service. Each has a name of its own in the
// store, so that they never meet.
type limiters struct {
	identifier *lockout.Limiter // what was typed
	account    *lockout.Limiter // an account's lane for all unknown browsers
	device     *lockout.Limiter // an account's lane for one known browser, or one session
	nobody     *lockout.Limiter // stands in for a cap where there is no account: same work, but forgotten
	cap        *lockout.Limiter // consecutive failures of one authenticator, never forgotten
	source     *lockout.Limiter // an address
	network    *lockout.Limiter // an IPv6 /48
	checks     *lockout.Limiter // questions that cost work but open nothing
	choices    *lockout.Limiter // passwords tried by one link or in one unfinished login
	challenges *lockout.Limiter // challenges of one factor in one lane, each of which may send something
	flows      *lockout.Limiter // unfinished logins of one account in one lane
	repeats    *lockout.Limiter // repeats of one attempt, which are not counted otherwise

	accountFree, deviceFree, capFree int64 // failures after which those close
}

func newLimiters(c Config) (limiters, error) {
	l := c.Limits
	if l.Cap == 0 {
		l.Cap = 100
	}
	if l.Cap < 0 || l.Cap > 100 {
		return limiters{}, fmt.Errorf("Cap is %d, must be between 1 and 100 (or 0 for 100)", l.Cap)
	}
	ladder := lockout.Policy{}
	if r := c.Policy.Report(); r.LockAfter > 0 {
		ladder.Free, ladder.Waits = r.LockAfter, []time.Duration{r.LockFor}
	}
	sources := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}
	var problems []error
	make := func(name string, p, zero lockout.Policy) *lockout.Limiter {
		if p.Free == 0 {
			p.Free = zero.Free
		}
		if len(p.Waits) == 0 {
			p.Waits = zero.Waits
		}
		if p.Forget == 0 {
			p.Forget = zero.Forget
		}
		if _, err := p.Complete(); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
		return lockout.New(c.Stores.Counters, name, p).Clock(c.Now)
	}
	all := limiters{
		identifier: make("identifier", l.Account, ladder),
		account:    make("account", l.Account, ladder),
		device:     make("device", l.Device, ladder),
		cap:        make("cap", lockout.Cap(l.Cap), lockout.Policy{}),
		nobody:     make("nobody", lockout.Policy{Free: l.Cap}, lockout.Policy{}),
		source:     make("source", l.Source, lockout.Policy{Free: 100, Waits: sources, Forget: time.Hour}),
		network:    make("network", l.Network, lockout.Policy{Free: 1000, Waits: sources, Forget: time.Hour}),
		checks:     make("checks", lockout.Quota(60, time.Minute), lockout.Policy{}),
		choices:    make("choices", lockout.Quota(10, 10*time.Minute), lockout.Policy{}),
		challenges: make("challenges", lockout.Quota(5, 10*time.Minute), lockout.Policy{}),
		flows:      make("flows", lockout.Quota(20, 10*time.Minute), lockout.Policy{}),
		repeats:    make("repeats", lockout.Quota(20, lockout.DedupeWindow), lockout.Policy{}),
	}
	all.capFree = int64(l.Cap)
	all.accountFree = int64(all.account.Policy().Free)
	all.deviceFree = int64(all.device.Policy().Free)
	return all, errors.Join(problems...)
}

// authenticatorPassword names the password in the keys of caps.
const authenticatorPassword = "password"

// sources returns the keys that count for the client's network.
func (l *limiters) sources(ip netip.Addr) []lockout.Key {
	ip = knownAddress(ip)
	if !ip.Is6() {
		return []lockout.Key{l.source.Key(ip.String())} // an unknown address is "invalid IP": one for all of them
	}
	near, _ := ip.Prefix(64)
	wide, _ := ip.Prefix(48)
	return []lockout.Key{l.source.Key(near.String()), l.network.Key(wide.String())}
}

// sourceName is the name under which a client's work queues: its /64 or address.
func sourceName(ip netip.Addr) string {
	ip = knownAddress(ip)
	if ip.Is6() {
		p, _ := ip.Prefix(64)
		return p.String()
	}
	return ip.String()
}
