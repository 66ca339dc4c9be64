package password

import "time"

// profile is what a standard demands. There are two, and nobody makes another.
type profile struct {
	name          string
	standards     []string
	min           int // code points
	minWithFactor int // where a second factor is mandatory
	classes       int // of characterClasses; 0 asks for none
	inside        bool
	maxAge        time.Duration
	history       int
	idle          time.Duration
	lockAfter     int
	lockFor       time.Duration
}

var nist = profile{
	name:          "NIST",
	standards:     []string{"NIST SP 800-63B-4", "OWASP ASVS 5.0"},
	min:           15,
	minWithFactor: 8,
}

var mlps = profile{
	name:          "MLPS",
	standards:     []string{"GB/T 22239-2019"},
	min:           8,
	minWithFactor: 8,
	classes:       3,
	inside:        true,
	maxAge:        90 * 24 * time.Hour,
	history:       5,
	idle:          15 * time.Minute,
	lockAfter:     5,
	lockFor:       30 * time.Minute,
}

// rules returns the profile, NIST's for the zero Policy.
func (p *Policy) rules() *profile {
	if p == nil || p.profile == nil {
		return &nist
	}
	return p.profile
}

// Name returns the name of the profile, "NIST" or "MLPS", for audit records and
// reports.
func (p *Policy) Name() string { return p.rules().name }

// Report says what a policy demands, for people who must document it (ASVS 5.0,
// 6.1.2) and for the packages that act on the parts which this one does not:
// expiry, history, idle sessions and lockout. Where a field of time or number
// is zero, the policy demands nothing of the kind.
type Report struct {
	Profile   string   // "NIST" or "MLPS"
	Standards []string // the documents the profile follows

	MinLength           int // code points, for a password that is the only factor
	MinLengthWithFactor int // code points, where a second factor is mandatory
	MaxLength           int // code points
	MaxBytes            int // bytes of UTF-8

	ClassesNeeded int  // kinds of characters a password must have, of Classes; 0 with NIST
	Classes       int  // lower case, capitals, digits, everything else
	PatternInside bool // patterns and personal data are refused inside a password too

	Words      []string // words of the context that were configured
	Common     bool     // the built-in common passwords are refused: always true
	Blocklists int      // number of further lists
	Breach     bool     // breached data is asked

	MaxAge      time.Duration // a password must be changed when it is older; 0 never
	History     int           // this many last passwords can't be used again
	IdleTimeout time.Duration // a session unused for longer ends; 0 leaves it to the session policy
	LockAfter   int           // failures in a row that lock; 0 leaves it to the lockout policy
	LockFor     time.Duration // how long they lock
}

// Report returns what p demands. The caller may keep and change it.
func (p *Policy) Report() Report {
	rules := p.rules()
	r := Report{
		Profile:             rules.name,
		Standards:           append([]string(nil), rules.standards...),
		MinLength:           p.minLength(false),
		MinLengthWithFactor: p.minLength(true),
		MaxLength:           maxCodePoints,
		MaxBytes:            MaxBytes,
		ClassesNeeded:       rules.classes,
		Classes:             len(characterClasses),
		PatternInside:       rules.inside,
		Common:              true,
		MaxAge:              rules.maxAge,
		History:             rules.history,
		IdleTimeout:         rules.idle,
		LockAfter:           rules.lockAfter,
		LockFor:             rules.lockFor,
	}
	if p != nil {
		r.Words = append([]string(nil), p.extra.Words...)
		r.Blocklists = len(p.extra.Blocklists)
		r.Breach = p.extra.Breach != nil
	}
	return r
}

// minLength returns the minimum in code points.
func (p *Policy) minLength(factorMandatory bool) int {
	least := p.rules().min
	if factorMandatory {
		least = p.rules().minWithFactor
	}
	if p != nil {
		least = max(least, p.extra.MinLength)
	}
	return least
}

// countWords returns the number of context words so far.
func (p *Policy) countWords() int {
	if p == nil {
		return 0
	}
	return len(p.extra.Words)
}
