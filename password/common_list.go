package password

import (
	"iter"
	"math"
	"unicode"
	"unicode/utf8"
)

// CommonPasswords yields common passwords of at least minLength code points
// that every policy refuses, each once, the likeliest words first: those that
// the built-in words and phrases make by the habits of people who must think
// of a password. There are more than 3,000 of at least 8 code points and more
// than 3,000 of at least 15, as ASVS 5.0 (6.2.4) asks for at the minimum
// lengths of [NIST]. The refusal itself doesn't need this list, and covers far
// more; it is meant for evidence and for tests.
func CommonPasswords(minLength int) iter.Seq[string] {
	return func(yield func(string) bool) {
		seen := make(map[string]struct{})
		give := func(s string) bool {
			if _, ok := seen[s]; ok || utf8.RuneCountInString(s) < minLength || utf8.RuneCountInString(s) > maxCodePoints {
				return true
			}
			seen[s] = struct{}{}
			return yield(s)
		}
		floor := math.Inf(-1)
		for {
			// The words of the next price, in the order of the files.
			price := math.Inf(1)
			for _, bits := range commonVocabulary() {
				if bits > floor && bits < price {
					price = bits
				}
			}
			if math.IsInf(price, 1) {
				return
			}
			for word, bits := range commonVocabulary() {
				if bits != price {
					continue
				}
				for made := range habits(word, bits) {
					if !give(made) {
						return
					}
				}
			}
			floor = price
		}
	}
}

// habits yields what people make of a word. Dearer words are used with less.
func habits(word string, bits float64) iter.Seq[string] {
	return func(yield func(string) bool) {
		all := []string{word}
		if len(word) >= 4 && bits < 8 {
			all = append(all,
				word+word, word+word+word,
				word+"1", word+"12", word+"123", word+"1234", word+"12345", word+"123456", word+"123456789", "123"+word,
				word+"2024", capitalized(word)+"2024!", capitalized(word)+"@123", capitalized(word)+"1!",
				word+"520", word+"1314", word+"5201314", word+"666", word+"888", word+word+"123",
				"ilove"+word, "iloveyou"+word, "my"+word, word+"password", word+"iloveyou", "woaini"+word, "woai"+word,
			)
		}
		for _, s := range all {
			if !yield(s) {
				return
			}
		}
	}
}

// capitalized returns word with a capital first letter.
func capitalized(word string) string {
	first, size := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(first)) + word[size:]
}
