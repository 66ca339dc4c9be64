package password

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// checkLength counts code points of the NFC form (NIST SP 800-63B-4, 3.1.1.2).
func (p *Policy) checkLength(exact string, factorMandatory bool, found *violations) {
	n := utf8.RuneCountInString(exact)
	if least := p.minLength(factorMandatory); n < least {
		found.add(CodeTooShort, map[string]int{"min": least})
	}
	if n > maxCodePoints {
		found.add(CodeTooLong, map[string]int{"max": maxCodePoints, "max_bytes": MaxBytes})
	}
}

// characterClasses are the classes that composition counts; what is in none of
// the first three is in the last.
var characterClasses = [...]func(rune) bool{
	unicode.IsLower,
	unicode.IsUpper,
	unicode.IsDigit,
	func(r rune) bool { return !unicode.IsLower(r) && !unicode.IsUpper(r) && !unicode.IsDigit(r) },
}

// checkClasses asks for characters of several classes, where the profile does.
func (rules *profile) checkClasses(exact string, found *violations) {
	have := 0
	for _, in := range characterClasses {
		for _, r := range exact {
			if in(r) {
				have++
				break
			}
		}
	}
	if have < rules.classes {
		found.add(CodeComposition, map[string]int{"need": rules.classes, "of": len(characterClasses)})
	}
}

// checkContent refuses what an attacker would try: whole passwords on a list,
// whole passwords that reduce to known parts, and, where the profile says so,
// patterns and personal data inside.
func (p *Policy) checkContent(exact string, c Candidate, found *violations) {
	if utf8.RuneCountInString(exact) > maxCodePoints {
		return // refused already
	}
	lexicons := []*lexicon{commonLexicon()}
	if own := c.entries(); len(own) > 0 {
		lexicons = append(lexicons, newLexicon(own))
	}
	if p != nil {
		if p.words != nil {
			lexicons = append(lexicons, p.words)
		}
		for _, list := range p.extra.Blocklists {
			if list.Listed(exact) {
				found.add(CodeCommon, nil)
			}
		}
	}
	t := newText(exact)
	if reading := t.read(lexicons...); reading.reduces() {
		for _, code := range reading.reasons() {
			found.add(code, nil)
		}
	}
	if p.rules().inside {
		for _, code := range t.inside(lexicons...) {
			found.add(code, nil)
		}
	}
}

// inside returns the codes of what must not be anywhere in a password.
func (t *text) inside(lexicons ...*lexicon) []Code {
	var found []Code
	for i := range t.len() {
		t.parts(i, lexicons, func(p part) {
			if code := codes[p.kind]; p.inside && !slices.Contains(found, code) {
				found = append(found, code)
			}
		})
	}
	slices.Sort(found)
	return found
}
