package password

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Limits on what is compared with one password.
const (
	maxValues      = 32
	maxValueLength = 128 // code points
)

// Prices in bits of what an attacker knows about a person or a place.
const (
	personalBits = 3
	contextBits  = 4
)

// values yields the first values of a list, each cut to its limit and folded.
func values(list []string) [][]rune {
	var folded [][]rune
	for _, s := range list[:min(len(list), maxValues)] {
		if len(s) > 4*maxValueLength {
			s = s[:4*maxValueLength]
		}
		if r := foldWord(s); len(r) > 0 {
			folded = append(folded, r[:min(len(r), maxValueLength)])
		}
	}
	return folded
}

// entries returns what an attacker knows about the candidate's person, and the
// candidate's context words.
func (c Candidate) entries() []entry {
	b := personalBuilder{kind: kindPersonal, bits: personalBits}
	for _, id := range values(slices.Concat([]string{c.Identifier}, c.Aliases)) {
		b.address(id)
	}
	for _, email := range values(c.Personal.Emails) {
		b.address(email)
	}
	for _, name := range values(c.Personal.Names) {
		b.name(name)
	}
	for _, phone := range values(c.Personal.Phones) {
		b.phone(phone)
	}
	if !c.Personal.Birthday.IsZero() {
		b.birthday(c.Personal.Birthday)
	}
	return append(b.entries, contextEntries(c.Words[:min(len(c.Words), maxValues)])...)
}

// contextEntries returns the parts of context words.
func contextEntries(words []string) []entry {
	b := personalBuilder{kind: kindContext, bits: contextBits}
	for _, word := range words {
		for _, v := range values([]string{word}) {
			if slices.Contains(v, '@') {
				b.address(v)
			} else {
				b.name(v)
			}
		}
	}
	return b.entries
}

// personalBuilder collects the spellings of what is known.
type personalBuilder struct {
	kind    kind
	bits    float64
	entries []entry
}

// add adds a spelling and, from three characters on, its reverse. Those that
// tell enough are refused inside a password too.
func (b *personalBuilder) add(runes []rune, extra float64, inside bool) {
	if len(runes) == 0 {
		return
	}
	e := newEntry(slices.Clone(runes), b.bits+extra, b.kind)
	e.inside = inside
	b.entries = append(b.entries, e)
	if len(runes) >= 3 {
		b.entries = append(b.entries, e.backwards())
	}
}

// telling reports whether a word is long enough to be recognised inside a
// password: three letters, two Chinese characters, four digits.
func telling(word []rune) bool {
	letters, han := 0, 0
	for _, r := range word {
		if unicode.Is(unicode.Han, r) {
			han++
		} else if isLetter(r) {
			letters++
		}
	}
	return han >= 2 || letters >= 3 || len(word) >= 4
}

// splitWords splits at everything that is neither letter nor digit.
func splitWords(s []rune) [][]rune {
	var words [][]rune
	start := -1
	for i, r := range append(slices.Clone(s), ' ') {
		if isLetter(r) || isDigit(r) {
			if start < 0 {
				start = i
			}
		} else if start >= 0 {
			words = append(words, s[start:i])
			start = -1
		}
	}
	return words
}

// name adds a name of several words: each word, Chinese ones in pieces, the
// words run together in both orders, and initials.
func (b *personalBuilder) name(name []rune) {
	words := splitWords(name)
	if len(words) > 8 {
		words = words[:8]
	}
	for _, w := range words {
		b.word(w)
	}
	if len(words) < 2 {
		return
	}
	backwards := slices.Clone(words)
	slices.Reverse(backwards)
	for _, order := range [][][]rune{words, backwards} {
		together := slices.Concat(order...)
		b.add(together, 0, telling(together))
		var initials []rune
		for _, w := range order {
			initials = append(initials, w[0])
		}
		b.add(initials, 1, false)
		// l.na, lina: the initials of all words but one. The family name is
		// first or last.
		var short []rune
		for _, w := range order[1:] {
			short = append(short, w[0])
		}
		b.add(slices.Concat(order[0], short), 1, telling(order[0]))
		b.add(slices.Concat(short, order[0]), 1, telling(order[0]))
	}
	// Wang Xiao Ming is also called Xiaoming.
	if len(words) > 2 {
		for _, given := range [][][]rune{words[1:], words[:len(words)-1]} {
			together := slices.Concat(given...)
			b.add(together, 0, telling(together))
		}
	}
}

// word adds one word. People take any two neighbouring characters out of a
// Chinese one, and each character of a name.
func (b *personalBuilder) word(w []rune) {
	b.add(w, 0, telling(w))
	if len(w) > 16 || !slices.ContainsFunc(w, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return
	}
	for i := range w {
		for j := i + 1; j <= min(len(w), i+8); j++ {
			if j-i == 1 && len(w) > 4 || j-i == len(w) {
				continue
			}
			// Of 李小娜 the given name 小娜 tells enough, of 大海科技 大海.
			tells := j-i >= 2 && (i == 0 && len(w) > 3 || j == len(w) && len(w) <= 4)
			b.add(w[i:j], 1, tells)
		}
	}
}

// address adds an e-mail address or a user name: local part and domain, whole
// and in pieces, without what a million others share.
func (b *personalBuilder) address(address []rune) {
	local, domain := address, []rune(nil)
	if at := slices.Index(address, '@'); at >= 0 {
		local, domain = address[:at], address[at+1:]
	}
	b.add(local, 0, telling(local))
	b.name(local)
	if !slices.ContainsFunc(local, isLetter) {
		b.phone(local) // people sign in with their number
	}
	for _, w := range splitWords(local) {
		// lina1990 is lina and 1990.
		cut := len(w)
		for cut > 0 && isDigit(w[cut-1]) {
			cut--
		}
		if cut > 0 && cut < len(w) {
			b.add(w[:cut], 0, telling(w[:cut]))
			b.add(w[cut:], 0, len(w)-cut >= 4)
		}
	}
	for _, label := range splitWords(domain) {
		if !sharedLabel(string(label)) {
			b.add(label, 1, len(label) >= 4)
		}
	}
}

// sharedLabel reports whether a domain label says nothing about its owner.
func sharedLabel(label string) bool {
	switch label {
	case "com", "cn", "net", "org", "edu", "gov", "co", "io", "mail", "www",
		"qq", "163", "126", "gmail", "googlemail", "hotmail", "outlook", "live", "yahoo", "icloud", "sina", "foxmail", "aliyun", "example", "test", "localhost":
		return true
	}
	return false
}

// phone adds a phone number: whole, without country code, its last four digits
// and more, and its first ones.
func (b *personalBuilder) phone(phone []rune) {
	digits := slices.DeleteFunc(slices.Clone(phone), func(r rune) bool { return !isDigit(r) })
	if len(digits) < 4 || len(digits) > 20 {
		return
	}
	for n := 4; n <= len(digits); n++ {
		b.add(digits[len(digits)-n:], 0, true)
	}
	// The number without country code begins up to three digits later.
	for start := range 4 {
		for end := start + 4; end < len(digits); end++ {
			b.add(digits[start:end], 1, end-start >= 6)
		}
	}
}

// birthday adds the usual spellings of a date. Punctuation between the digits
// needs no spelling of its own.
func (b *personalBuilder) birthday(day time.Time) {
	year, month, date := day.Date()
	add := func(inside bool, format string, args ...any) {
		b.add([]rune(fmt.Sprintf(format, args...)), 0, inside)
	}
	short := year % 100
	for _, y := range []string{fmt.Sprintf("%04d", year), fmt.Sprintf("%02d", short)} {
		for _, layout := range []string{"%02d%02d", "%d%d"} {
			dayFirst := fmt.Sprintf(layout, date, int(month))
			monthFirst := fmt.Sprintf(layout, int(month), date)
			add(len(y+monthFirst) >= 4, "%s%s", y, monthFirst)
			add(len(y+monthFirst) >= 4, "%s%s", monthFirst, y)
			add(len(y+monthFirst) >= 4, "%s%s", dayFirst, y)
		}
		add(false, "%s%02d", y, int(month))
		add(false, "%02d%s", int(month), y)
		add(true, "%s年%d月%d日", y, int(month), date)
	}
	add(true, "%02d%02d", int(month), date)
	add(true, "%02d%02d", date, int(month))
	add(true, "%d月%d日", int(month), date)
	add(false, "%d", year)
	for _, name := range []string{strings.ToLower(month.String()), strings.ToLower(month.String()[:3])} {
		add(true, "%s%d", name, date)
		add(true, "%d%s", date, name)
	}
}
