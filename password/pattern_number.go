package password

import (
	"slices"
	"unicode"
)

// numberParts finds the numbers that people type: years, dates, mobile
// numbers, and any other run of digits at the price of its digits.
func (t *text) numberParts(from int, emit func(part)) {
	end := from
	for end < t.len() && isDigit(t.runes[end]) {
		end++
	}
	digits := t.runes[from:end]
	number := func(n int, bits float64) {
		if len(digits) >= n {
			emit(part{from: from, to: from + n, kind: kindNumber, bits: bits})
		}
	}
	value := func(i, n int) int {
		v := 0
		for _, r := range digits[i : i+n] {
			v = 10*v + int(r-'0')
		}
		return v
	}
	if len(digits) >= 4 {
		if year := value(0, 4); 1930 <= year && year <= 2039 {
			bits := 5.5
			if year >= 2010 {
				bits = 4
			}
			number(4, bits)
		}
		if isDay(value(0, 2), value(2, 2)) || isDay(value(2, 2), value(0, 2)) {
			number(4, 8.5)
		}
	}
	if len(digits) >= 6 {
		year := value(0, 4)
		switch {
		case isDay(value(2, 2), value(4, 2)), isDay(value(0, 2), value(2, 2)), isDay(value(2, 2), value(0, 2)):
			number(6, 13)
		case 1930 <= year && year <= 2039 && 1 <= value(4, 2) && value(4, 2) <= 12:
			number(6, 9.5)
		}
	}
	if len(digits) >= 8 {
		head, tail := value(0, 4), value(4, 4)
		if 1930 <= head && head <= 2039 && isDay(value(4, 2), value(6, 2)) ||
			1930 <= tail && tail <= 2039 && (isDay(value(0, 2), value(2, 2)) || isDay(value(2, 2), value(0, 2))) {
			number(8, 13)
		}
	}
	// A mobile number of mainland China: its prefix is one of a few dozen, and
	// lists of the rest are traded. A longer run of digits is something else.
	if len(digits) == 11 && (from == 0 || !isDigit(t.runes[from-1])) && digits[0] == '1' && digits[1] >= '3' {
		number(11, 18)
	}
	// A QQ number, announced as such.
	if n := len(digits); 5 <= n && n <= 11 && from >= 2 && t.runes[from-1] == 'q' && t.runes[from-2] == 'q' {
		number(n, 12)
	}
	t.dateParts(from, emit)
	t.digitParts(from, end, emit)
}

// digitParts emits each run of digits as far as a reading may want it.
func (t *text) digitParts(from, end int, emit func(part)) {
	// A run is not split into cheaper ones: it begins where digits begin, or
	// behind something else that was recognised.
	for to := from + 1; to <= end; to++ {
		n := float64(to - from)
		kind := kindDigits
		if to-from >= 6 {
			kind = kindNumber
		}
		emit(part{from: from, to: to, kind: kind, bits: 1 + 3.32*n})
	}
}

// initialsParts finds up to three letters before or behind digits that are all
// the rest of the password, as in zxy123456 and 19900101lw: the initials of a
// name, by habit.
func (t *text) initialsParts(from int, emit func(part)) {
	to := from
	for to < t.len() && 'a' <= t.runes[to] && t.runes[to] <= 'z' {
		to++
	}
	letters := to - from
	if letters == 0 || letters > 3 || from > 0 && to < t.len() {
		return
	}
	for i, r := range t.runes {
		if (i < from || i >= to) && !isDigit(r) {
			return
		}
	}
	if digits := t.len() - letters; digits >= 5 {
		emit(part{from: from, to: to, kind: kindCommon, bits: 1 + 2*float64(letters)})
	}
}

// dateParts finds a date written with separators at from: 1990-1-2, 2/1/90,
// 1990年1月2日.
func (t *text) dateParts(from int, emit func(part)) {
	if from > 0 && isDigit(t.runes[from-1]) {
		return
	}
	var values, widths [3]int
	at, field := from, 0
	for at < t.len() && field < 3 {
		start := at
		for at < t.len() && isDigit(t.runes[at]) && at-start < 4 {
			values[field] = 10*values[field] + int(t.runes[at]-'0')
			at++
		}
		widths[field] = at - start
		if widths[field] == 0 {
			return
		}
		field++
		if field == 3 || at >= t.len() || !isDateSeparator(t.runes[at]) {
			break
		}
		at++
	}
	if field < 3 {
		return
	}
	if at < t.len() && t.runes[at] == '日' {
		at++
	}
	yearFirst := (widths[0] == 4 || widths[0] == 2) && isDay(values[1], values[2])
	yearLast := (widths[2] == 4 || widths[2] == 2) && (isDay(values[0], values[1]) || isDay(values[1], values[0]))
	if yearFirst || yearLast {
		emit(part{from: from, to: at, kind: kindNumber, bits: 15})
	}
}

func isDateSeparator(r rune) bool {
	switch r {
	case '-', '/', '.', '_', ' ', '年', '月':
		return true
	}
	return false
}

func isDay(month, day int) bool { return 1 <= month && month <= 12 && 1 <= day && day <= 31 }

// looseParts prices the single character at from: punctuation between words,
// or a character that belongs to nothing known.
func (t *text) looseParts(from int, emit func(part)) {
	kind := kindLoose
	switch {
	case isSeparator(t.runes[from]):
		kind = kindSeparator
	case isDigit(t.runes[from]):
		kind = kindDigits
	}
	emit(part{from: from, to: from + 1, kind: kind, bits: t.looseBits(from)})
}

// looseBits is the price of the character at i on its own.
func (t *text) looseBits(i int) float64 {
	r := t.runes[i]
	bits := 4.7
	switch {
	case isSeparator(r):
		return separatorBits(t.runes[:i], r)
	case isDigit(r):
		bits = 3.5
	case unicode.Is(unicode.Han, r):
		bits = 10
	case r > unicode.MaxLatin1:
		bits = 7
	}
	if t.upper[i] {
		bits++
	}
	return bits
}

// separatorBits is the price of punctuation r: little for what stands between
// words usually, less if it stood before.
func separatorBits(before []rune, r rune) float64 {
	if slices.Contains(before, r) {
		return 1.5
	}
	switch r {
	case ' ', '-', '_', '.':
		return 2.5
	case '!', '@', '#', '*', '?', ',', '&', '$', '%', '~', '。':
		return 3.5
	}
	return 5
}
