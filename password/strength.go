package password

import (
	"math"

	"golang.org/x/text/unicode/norm"
)

// Strength is an estimate of how hard a password is to guess. It advises; the
// policies don't refuse by it.
type Strength struct {
	// Score from 0 to 4: 0 is among the first an attacker tries, 1 falls to
	// anybody who has the stored hash, 2 to somebody determined, 3 is good and 4
	// very good.
	Score int
	// Bits is the logarithm to base 2 of the guesses that an attacker needs who
	// knows how people make passwords, as far as the package can tell.
	Bits float64
	// Reasons for a Score below 3: of [CodeTooShort], [CodeCommon],
	// [CodeContext], [CodeSequence], [CodeKeyboard], [CodeRepeated] and
	// [CodeNumber] those that apply, the weightiest first.
	Reasons []Code
}

// scoreBits are the bits from which the scores 1, 2, 3 and 4 begin. One ends
// where a policy stops refusing what is made of known parts.
var scoreBits = [4]float64{18, refusedBits, 47, 58}

// Estimate returns the strength of a password. The context is what an attacker
// may know: product and company, and the person's identifier, name and
// addresses, of which the first 32 values of 128 code points are looked at. The
// work is bounded for any input, because only the first 256 code points are
// looked at; longer ones are at least as strong as the estimate says.
func Estimate(password string, context ...string) Strength {
	// Normalization is bounded too: 4 bytes for each code point, and room for
	// marks.
	if len(password) > 4*MaxBytes {
		password = password[:4*MaxBytes]
	}
	t := newText(norm.NFC.String(password))
	lexicons := []*lexicon{commonLexicon()}
	if len(context) > 0 {
		lexicons = append(lexicons, newLexicon(contextEntries(context[:min(len(context), maxValues)])))
	}
	reading := t.read(lexicons...)
	s := Strength{Bits: math.Round(reading.bits*10) / 10}
	for _, from := range scoreBits {
		if reading.bits >= from {
			s.Score++
		}
	}
	if s.Score < 3 {
		s.Reasons = reading.reasons()
		if t.len() < nist.minWithFactor || len(s.Reasons) == 0 {
			s.Reasons = append([]Code{CodeTooShort}, s.Reasons...)
		}
	}
	return s
}
