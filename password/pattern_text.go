package password

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxPatternLength is how many code points of a password are looked at when
// patterns are searched. Everything that a policy accepts is shorter.
const maxPatternLength = 256

// text is a password prepared for matching: one entry per character that can
// be seen. It is never stored, hashed or shown: two different passwords may
// look alike here.
type text struct {
	runes []rune // lower case, full-width and other compatibility forms undone, accents removed
	shape []rune // runes with letters and the signs that replace them made one: see shapeOf
	upper []bool // typed as a capital letter
	keys  []key  // where each character is typed
	pads  []key  // and where on the numeric pad

	// How many capitals and letters stand before each place, and behind the last.
	capitalsTo, lettersTo []int
}

func (t *text) len() int { return len(t.runes) }

// newText prepares the first maxPatternLength characters of a password.
func newText(password string) *text {
	t := &text{capitalsTo: []int{0}, lettersTo: []int{0}}
	for i, r := range password {
		if t.len() == maxPatternLength || i > 16*maxPatternLength {
			break
		}
		r, upper := foldRune(r)
		if r < 0 {
			continue
		}
		t.add(r, upper)
	}
	return t
}

// add appends a folded character.
func (t *text) add(r rune, upper bool) {
	capitals, letters := t.capitalsTo[t.len()], t.lettersTo[t.len()]
	if upper {
		capitals++
	}
	if isLetter(r) {
		letters++
	}
	t.runes = append(t.runes, r)
	t.shape = append(t.shape, shapeOf(r))
	t.upper = append(t.upper, upper)
	t.keys = append(t.keys, keyOf(r))
	t.pads = append(t.pads, padKeyOf(r))
	t.capitalsTo = append(t.capitalsTo, capitals)
	t.lettersTo = append(t.lettersTo, letters)
}

// foldRune returns the character that r is compared as, or -1 if r is
// invisible or only modifies the character before it.
func foldRune(r rune) (folded rune, upper bool) {
	if r >= utf8.RuneSelf && !unicode.Is(unicode.Han, r) {
		if unicode.In(r, unicode.Mn, unicode.Cf) {
			return -1, false
		}
		// Of a compatibility decomposition only the simple case counts: one
		// character, perhaps with marks, such as Ａ, é, ① or 𝐚.
		decomposed := norm.NFKD.String(string(r))
		first, size := utf8.DecodeRuneInString(decomposed)
		simple := true
		for _, mark := range decomposed[size:] {
			simple = simple && unicode.Is(unicode.Mn, mark)
		}
		if simple {
			r = first
		}
	}
	lower := unicode.ToLower(r)
	return lower, lower != r
}

// shapeOf maps the signs that commonly stand for a letter, and letters that
// share such a sign, to one letter.
func shapeOf(r rune) rune {
	switch r {
	case '4', '@':
		return 'a'
	case '8':
		return 'b'
	case '3':
		return 'e'
	case '6', '9':
		return 'g'
	case '1', '!', '|', 'l':
		return 'i'
	case '0':
		return 'o'
	case '5', '$':
		return 's'
	case '7', '+':
		return 't'
	case '2':
		return 'z'
	}
	return r
}

// foldWord returns s as it is compared: the runes of its text.
func foldWord(s string) []rune { return newText(s).runes }

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func isLetter(r rune) bool { return unicode.IsLetter(r) }

// isSeparator reports whether r stands between words rather than in them.
func isSeparator(r rune) bool { return !isDigit(r) && !isLetter(r) && !unicode.Is(unicode.So, r) }
