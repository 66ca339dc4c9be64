package password

import (
	"math"
	"slices"
)

// kind says what a part of a password was recognised as.
type kind uint8

const (
	kindLoose     kind = iota // a character that belongs to nothing known
	kindSeparator             // punctuation or space
	kindDigits                // fewer than six digits with nothing else to them
	kindNumber                // a year, a date, a mobile number, a longer number
	kindCommon                // a word or phrase that passwords are made of
	kindSequence              // abcd, 4321, 一二三
	kindKeyboard              // qwer, 1qaz, 147258
	kindRepeated              // what was there before, once more
	kindContext               // a word of the place: product, company, tenant
	kindPersonal              // something that others know about the person
	kindCount
)

// codes tells which violation a kind stands for.
var codes = [kindCount]Code{
	kindNumber:   CodeNumber,
	kindCommon:   CodeCommon,
	kindSequence: CodeSequence,
	kindKeyboard: CodeKeyboard,
	kindRepeated: CodeRepeated,
	kindContext:  CodeContext,
	kindPersonal: CodePersonal,
}

// part is a stretch of a text, runes from to to, and what it costs an attacker
// to guess it: bits is the logarithm of the number of guesses.
type part struct {
	from, to int
	bits     float64
	kind     kind
	inside   bool // telling enough to be refused inside a longer password too
}

// reading is the way to take a password apart that an attacker would find
// cheapest.
type reading struct {
	bits  float64
	loose float64        // the price of the same characters one by one
	runes [kindCount]int // how many characters are of each kind
	total int
	long  int // how many characters are in long parts that chance doesn't make
}

// parts emits every part that begins at from.
func (t *text) parts(from int, lexicons []*lexicon, emit func(part)) {
	t.looseParts(from, emit)
	t.sequenceParts(from, emit)
	t.keyboardParts(from, emit)
	t.shiftedParts(from, emit)
	t.repeatParts(from, emit)
	if isDigit(t.runes[from]) {
		t.numberParts(from, emit)
	} else {
		t.initialsParts(from, emit)
	}
	for _, l := range lexicons {
		l.parts(t, from, emit)
	}
}

// read finds the cheapest reading of t, with its punctuation or between it. Its
// work is bounded by the square of maxPatternLength, whatever is in t.
func (t *text) read(lexicons ...*lexicon) reading {
	whole := t.readAsIs(lexicons)
	bare, punctuation := t.withoutSeparators()
	if punctuation.total == 0 || bare.len() == 0 {
		return whole
	}
	between := bare.readAsIs(lexicons)
	between.bits += punctuation.bits
	between.loose += punctuation.loose
	between.total += punctuation.total
	between.runes[kindSeparator] += punctuation.total
	if between.bits < whole.bits {
		return between
	}
	return whole
}

// withoutSeparators returns t without its punctuation, and what the
// punctuation costs.
func (t *text) withoutSeparators() (*text, reading) {
	bare := newText("")
	var punctuation reading
	for i, r := range t.runes {
		if !isSeparator(r) {
			bare.add(r, t.upper[i])
			continue
		}
		bits := t.looseBits(i)
		punctuation.bits += bits
		punctuation.loose += bits
		punctuation.total++
	}
	return bare, punctuation
}

// readAsIs finds the cheapest way to cover t with parts.
func (t *text) readAsIs(lexicons []*lexicon) reading {
	n := t.len()
	best := make([]part, n+1) // the last part of the cheapest reading up to here
	cost := make([]float64, n+1)
	for i := range n {
		cost[i+1] = math.Inf(1)
	}
	r := reading{total: n}
	for i := range n {
		r.loose += t.looseBits(i)
		t.parts(i, lexicons, func(p part) {
			if c := cost[i] + p.bits + t.capitals(p); c < cost[p.to] {
				cost[p.to], best[p.to] = c, p
			}
		})
	}
	r.bits = cost[n]
	for at := n; at > 0; at = best[at].from {
		length := best[at].to - best[at].from
		r.runes[best[at].kind] += length
		if length >= longPart && best[at].bits <= refusedShare*t.looseTo(best[at]) {
			r.long += length
		}
	}
	return r
}

// looseTo is the price of a part's characters one by one.
func (t *text) looseTo(p part) (bits float64) {
	for i := p.from; i < p.to; i++ {
		bits += t.looseBits(i)
	}
	return bits
}

// capitals is the price of the capital letters in a part: next to nothing
// where people put them, at the beginning or everywhere.
func (t *text) capitals(p part) float64 {
	if p.kind == kindLoose || p.kind == kindRepeated {
		return 0
	}
	capitals := t.capitalsTo[p.to] - t.capitalsTo[p.from]
	letters := t.lettersTo[p.to] - t.lettersTo[p.from]
	switch {
	case capitals == 0:
		return 0
	case capitals == 1 && t.upper[p.from], capitals == letters:
		return 0.5
	}
	return min(0.5+0.8*float64(min(capitals, letters-capitals)), 4)
}

// reduces reports whether the password is nothing but known parts, put
// together in few enough ways that an attacker tries them all. That takes all
// of these: few guesses; little that belongs to nothing known, so that a known
// word inside a longer password is no reason; and far fewer guesses than the
// characters one by one would take, since any characters contain some short
// word or other.
func (r reading) reduces() bool {
	share := refusedShare
	if 2*r.long >= r.total {
		share = refusedLongShare
	}
	sense := r.total - r.runes[kindLoose] - r.runes[kindSeparator] - r.runes[kindDigits]
	return r.bits < refusedBits &&
		r.bits < share*r.loose &&
		4*r.runes[kindLoose] <= r.total &&
		2*r.runes[kindSeparator] < max(r.total, 1) &&
		2*sense >= r.total-r.runes[kindSeparator]
}

const (
	// refusedBits is the logarithm of the number of guesses below which a
	// password made of known parts is refused. Five words drawn from a list of
	// two thousand take 2^55.
	refusedBits = 36
	// refusedShare is how much of the price of the characters one by one known
	// parts may cost at most; more if most of the password is in long parts,
	// because chance doesn't make these.
	refusedShare     = 0.5
	refusedLongShare = 0.68
	// longPart is the length of a long part, in characters.
	longPart = 5
)

// reasons returns the codes of what a reading consists of, the largest share
// first. Repetitions apart, small shares are left out.
func (r reading) reasons() []Code {
	distinct := r.total - r.runes[kindRepeated] - r.runes[kindSeparator]
	var found []kind
	for k := range kindCount {
		if n := r.runes[k]; codes[k] != "" && n > 0 && 4*n >= distinct {
			found = append(found, k)
		}
	}
	slices.SortStableFunc(found, func(a, b kind) int { return r.runes[b] - r.runes[a] })
	reasons := make([]Code, len(found))
	for i, k := range found {
		reasons[i] = codes[k]
	}
	return reasons
}
