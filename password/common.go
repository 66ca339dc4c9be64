package password

import (
	_ "embed"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed common_words.txt
var commonWords string

//go:embed common_phrases.txt
var commonPhrases string

// phraseBits is the price of a well-known phrase: there are some thousands.
const phraseBits = 10

// lexicon finds words at a place in a text. Words are sorted by their shape,
// so that walking along a text narrows an interval; it is immutable.
type lexicon struct {
	entries []entry
}

type entry struct {
	shape  string // what is looked up
	runes  []rune // the word itself, folded
	bits   float64
	kind   kind
	inside bool
}

// newLexicon sorts words for look-up. Of words with the same shape the
// cheapest stays.
func newLexicon(entries []entry) *lexicon {
	entries = slices.DeleteFunc(entries, func(e entry) bool { return e.shape == "" })
	slices.SortStableFunc(entries, func(a, b entry) int {
		if c := strings.Compare(a.shape, b.shape); c != 0 {
			return c
		}
		switch {
		case a.bits < b.bits:
			return -1
		case a.bits > b.bits:
			return 1
		}
		return 0
	})
	return &lexicon{slices.CompactFunc(entries, func(a, b entry) bool { return a.shape == b.shape })}
}

func newEntry(runes []rune, bits float64, kind kind) entry {
	shape := make([]rune, len(runes))
	for i, r := range runes {
		shape[i] = shapeOf(r)
	}
	return entry{shape: string(shape), runes: runes, bits: bits, kind: kind}
}

// backwards returns e spelled from behind, a little dearer.
func (e entry) backwards() entry {
	runes := slices.Clone(e.runes)
	slices.Reverse(runes)
	back := newEntry(runes, e.bits+2, e.kind)
	back.inside = e.inside
	return back
}

// parts emits the words that begin at from, also with letters replaced by
// signs and with one mark between letters or syllables.
func (l *lexicon) parts(t *text, from int, emit func(part)) {
	if isSeparator(t.runes[from]) && shapeOf(t.runes[from]) == t.runes[from] {
		return
	}
	low, high := 0, len(l.entries) // entries that begin with what was walked over
	depth := 0                     // bytes walked over
	var skipped float64            // price of the punctuation between
	var mark rune                  // the punctuation
	var buf [utf8.UTFMax]byte
	for i := from; i < t.len(); i++ {
		size := utf8.EncodeRune(buf[:], t.shape[i])
		nextLow, nextHigh := l.narrow(low, high, depth, buf[:size])
		if nextLow == nextHigh {
			// One mark between two letters, and always the same.
			if r := t.runes[i]; !isSeparator(r) || i > from && r == t.runes[i-1] || mark != 0 && r != mark {
				return
			}
			if mark == 0 {
				mark, skipped = t.runes[i], 2
			}
			skipped += 0.5
			continue
		}
		low, high, depth = nextLow, nextHigh, depth+size
		if e := &l.entries[low]; len(e.shape) == depth {
			if swaps, ok := e.swaps(t, from, i+1); ok {
				emit(part{from: from, to: i + 1, bits: e.bits + swaps + skipped, kind: e.kind, inside: e.inside})
			}
		}
	}
}

// narrow returns the entries between low and high whose shape continues with s
// at byte depth.
func (l *lexicon) narrow(low, high, depth int, s []byte) (int, int) {
	for i, b := range s {
		at := depth + i
		low += lowerBound(l.entries[low:high], func(e *entry) bool { return len(e.shape) > at && e.shape[at] >= b })
		high = low + lowerBound(l.entries[low:high], func(e *entry) bool { return e.shape[at] > b })
		if low == high {
			break
		}
	}
	return low, high
}

// lowerBound returns the index of the first entry for which f holds.
func lowerBound(entries []entry, f func(*entry) bool) int {
	low, high := 0, len(entries)
	for low < high {
		if mid := (low + high) / 2; f(&entries[mid]) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// swaps returns the price of the letters replaced by signs between from and
// to. If more than half are replaced, or any of a short word, the text is not
// this word.
func (e *entry) swaps(t *text, from, to int) (bits float64, ok bool) {
	swapped, at := 0, 0
	for i := from; i < to && at < len(e.runes); i++ {
		if t.shape[i] != shapeOf(e.runes[at]) {
			continue // punctuation between the letters
		}
		if t.runes[i] != e.runes[at] {
			swapped++
		}
		at++
	}
	return min(0.8*float64(swapped), 2.5), swapped == 0 || len(e.runes) >= 4 && 2*swapped <= len(e.runes)
}

// commonLexicon holds the embedded words and phrases, forwards and backwards.
// It is built at first use, in some ten milliseconds.
var commonLexicon = sync.OnceValue(func() *lexicon {
	var entries []entry
	for word, bits := range commonVocabulary() {
		e := newEntry(foldWord(word), bits, kindCommon)
		entries = append(entries, e)
		if len(e.runes) >= 4 && bits < phraseBits {
			entries = append(entries, e.backwards())
		}
	}
	return newLexicon(entries)
})

// commonVocabulary yields the embedded words and phrases, each with its price
// in bits, in the order of the files.
func commonVocabulary() iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		bits := 0.0
		for line := range strings.Lines(commonWords) {
			line = strings.TrimSpace(line)
			if price, ok := strings.CutPrefix(line, "@"); ok {
				bits, _ = strconv.ParseFloat(price, 64)
				continue
			}
			if strings.HasPrefix(line, "#") {
				continue
			}
			for word := range strings.FieldsSeq(line) {
				if !yield(word, bits) {
					return
				}
			}
		}
		for line := range strings.Lines(commonPhrases) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			if phrase := strings.Join(strings.Fields(line), ""); phrase != "" && !yield(phrase, phraseBits) {
				return
			}
		}
	}
}
