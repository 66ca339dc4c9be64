package password

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Policy decides which passwords may be set. It is immutable and safe for
// concurrent use. Make one with [NIST] or [MLPS], which are complete and are
// never half mixed; [Policy.With] only makes it stricter. The zero Policy is
// that of [NIST].
type Policy struct {
	profile *profile // nil: nist
	extra   Options
	words   *lexicon // extra.Words, nil if none
}

// NIST returns the default policy, after NIST SP 800-63B-4 section 3.1.1.2 and
// OWASP ASVS 5.0 section 6.2.
//
// A password has at least 15 code points, or 8 where a second factor is
// mandatory, and at most 256 code points or 1,024 bytes. Every character is
// welcome and none is demanded. It is refused if, as a whole, it reduces to
// common words and phrases, patterns, words of the context and personal data
// put together in few enough ways to be guessed; a password that merely
// contains such a part is not. Nothing expires, and strength ([Estimate])
// advises but refuses nothing.
func NIST() *Policy { return &Policy{profile: &nist} }

// MLPS returns the policy for China's Multi-Level Protection Scheme (dengbao,
// GB/T 22239-2019, 7.1.4.1 and 8.1.4.1), levels 2 and 3, with the figures that
// assessors customarily expect.
//
// A password has at least 8 code points and at most 256 or 1,024 bytes, and
// characters of at least three of the four classes lower case, capitals, digits
// and everything else. What [NIST] refuses is refused; so is any password that
// contains a pattern (four or more characters of counting, of one row or
// column of keys, or of a repetition), personal data, or a context word
// anywhere. Passwords expire after 90 days, and the last 5 can't be used again.
// Sessions idle 15 minutes end, and 5 failures lock for 30 minutes: the package
// does not act on these itself, see [Report].
func MLPS() *Policy { return &Policy{profile: &mlps} }

// Options make a [Policy] stricter. Nothing here makes it weaker.
type Options struct {
	// MinLength is a longer minimum in code points, with and without a second
	// factor. Zero leaves the profile's minimum; less than the profile's
	// smallest or more than 64 is an error (ASVS 5.0, 6.2.9: 64 are possible).
	MinLength int
	// Words are names of the place that a password may not be made of: the
	// product, the company, the system (ASVS 5.0, 6.1.2 and 6.2.11). A password
	// that merely contains one passes, except with [MLPS]. At most 1,000 words
	// of 2 to 64 code points.
	Words []string
	// Blocklists are further lists of passwords. Each is asked for the whole
	// password.
	Blocklists []Blocklist
	// Breach finds passwords in breached data (ASVS 5.0, 6.2.12). It is asked
	// last, only for passwords that keep every other rule. Nil asks nobody.
	Breach BreachChecker
}

// Limits of [Options].Words.
const (
	maxWords      = 1000
	maxWordLength = 64
	maxMinLength  = 64 // ASVS 5.0, 6.2.9
	maxCodePoints = 256
)

// BreachChecker looks a password up in breached data. Implementations are safe
// for concurrent use, obey ctx, and neither keep the password nor send it
// anywhere.
type BreachChecker interface {
	// Breached returns how often the password was found, 0 if it was not, and
	// 1 if it was and the number is unknown. An error means that it couldn't be
	// looked up.
	Breached(ctx context.Context, password string) (count int, err error)
}

// With returns a copy of p that is stricter by opts. Words, blocklists and
// breach checks of p stay. All problems of opts are reported, joined.
func (p *Policy) With(opts Options) (*Policy, error) {
	var problems []error
	if smallest := p.rules().minWithFactor; opts.MinLength != 0 && opts.MinLength < smallest {
		problems = append(problems, fmt.Errorf("password: Options.MinLength is %d; the profile %s asks for %d or more", opts.MinLength, p.Name(), smallest))
	}
	if opts.MinLength > maxMinLength {
		problems = append(problems, fmt.Errorf("password: Options.MinLength is %d; at most %d keeps the policy usable", opts.MinLength, maxMinLength))
	}
	if len(opts.Words)+p.countWords() > maxWords {
		problems = append(problems, fmt.Errorf("password: Options.Words has more than %d words; use a Blocklist for whole passwords", maxWords))
	}
	for i, word := range opts.Words {
		if n := utf8.RuneCountInString(word); n < 2 || n > maxWordLength || !utf8.ValidString(word) {
			problems = append(problems, fmt.Errorf("password: Options.Words[%d] is not 2 to %d code points of UTF-8", i, maxWordLength))
		}
	}
	if slices.Contains(opts.Blocklists, nil) {
		problems = append(problems, errors.New("password: Options.Blocklists contains nil; leave it out"))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}

	stricter := &Policy{profile: p.rules()}
	if p != nil {
		stricter.extra = p.extra
	}
	stricter.extra.MinLength = max(stricter.extra.MinLength, opts.MinLength)
	stricter.extra.Words = slices.Concat(stricter.extra.Words, opts.Words)
	stricter.extra.Blocklists = slices.Concat(stricter.extra.Blocklists, opts.Blocklists)
	if opts.Breach != nil {
		if before := stricter.extra.Breach; before != nil {
			stricter.extra.Breach = bothBreaches{before, opts.Breach}
		} else {
			stricter.extra.Breach = opts.Breach
		}
	}
	if len(stricter.extra.Words) > 0 {
		stricter.words = newLexicon(contextEntries(stricter.extra.Words))
	}
	return stricter, nil
}

// bothBreaches asks two checkers.
type bothBreaches [2]BreachChecker

func (b bothBreaches) Breached(ctx context.Context, password string) (int, error) {
	count, err := b[0].Breached(ctx, password)
	if err != nil || count > 0 {
		return count, err
	}
	return b[1].Breached(ctx, password)
}

// Check returns nil if the password of c may be set, and otherwise a
// [*RejectedError] with everything that is wrong with it. Any other error, a
// [*HookError], means that nothing was decided.
//
// History and breach checks are asked only for a password that keeps the other
// rules, and with the form in which it is hashed, NFC. The rest takes well
// under a millisecond for an ordinary password, some milliseconds for the most
// hostile one; the first call in a process also builds the list of common
// words.
func (p *Policy) Check(ctx context.Context, c Candidate) error {
	exact, found := p.examine(c)
	if len(found) == 0 {
		if err := p.ask(ctx, exact, c, &found); err != nil {
			return err
		}
	}
	if len(found) > 0 {
		return &RejectedError{Violations: found}
	}
	return nil
}

// Preview returns what Check would say of c without its hooks: no history is
// compared and no breach data is asked. It is for advice while a password is
// being chosen; what is then set must pass [Policy.Check].
func (p *Policy) Preview(c Candidate) []Violation {
	_, found := p.examine(c)
	return found
}

// examine applies the rules that need nobody else.
func (p *Policy) examine(c Candidate) (exact string, found violations) {
	exact, ok := p.rules().readable(c.Password, &found)
	if ok {
		p.checkLength(exact, c.FactorMandatory, &found)
		p.rules().checkClasses(exact, &found)
		p.checkContent(exact, c, &found)
	}
	return exact, found
}

// readable returns the NFC form of a password, unless it is not text or is too
// large to be looked at.
func (*profile) readable(password string, found *violations) (exact string, ok bool) {
	if len(password) > MaxBytes {
		found.add(CodeTooLong, map[string]int{"max": maxCodePoints, "max_bytes": MaxBytes})
		return "", false
	}
	if !utf8.ValidString(password) {
		found.add(CodeInvalidEncoding, nil)
		return "", false
	}
	return norm.NFC.String(password), true
}

// ask puts the questions that others answer.
func (p *Policy) ask(ctx context.Context, exact string, c Candidate, found *violations) error {
	if last := p.rules().history; last > 0 && c.History != nil {
		reused, err := c.History(ctx, exact, last)
		if err != nil {
			return &HookError{Hook: HookHistory, Err: err}
		}
		if reused {
			found.add(CodeReused, map[string]int{"last": last})
			return nil
		}
	}
	if p != nil && p.extra.Breach != nil {
		count, err := p.extra.Breach.Breached(ctx, exact)
		if err != nil {
			return &HookError{Hook: HookBreach, Err: err}
		}
		if count > 0 {
			found.add(CodeBreached, map[string]int{"count": count})
		}
	}
	return nil
}
