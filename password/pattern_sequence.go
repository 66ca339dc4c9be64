package password

import (
	"math"
	"strings"
	"unicode"
)

// sequences are the orders in which Chinese people count.
var sequences = [...]string{"零一二三四五六七八九十", "〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖拾", "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"}

// distance returns how far b stands behind a in a common order, if that is one
// or two places, forwards or backwards, and otherwise 0. Digits and Latin
// letters go round: 0 follows 9, a follows z.
func distance(a, b rune) int {
	switch {
	case isDigit(a) && isDigit(b):
		return near(int(b-a), 10)
	case 'a' <= a && a <= 'z' && 'a' <= b && b <= 'z':
		return near(int(b-a), 26)
	case 'а' <= a && a <= 'я' && 'а' <= b && b <= 'я', 'α' <= a && a <= 'ω' && 'α' <= b && b <= 'ω':
		return near(int(b-a), 1000)
	case unicode.Is(unicode.Han, a) && unicode.Is(unicode.Han, b):
		for _, order := range sequences {
			// Every character takes three bytes.
			if i, j := strings.IndexRune(order, a), strings.IndexRune(order, b); i >= 0 && j >= 0 {
				return near((j-i)/3, 1000)
			}
		}
	}
	return 0
}

// near returns d modulo a circle of the given size, if it is at most two
// either way, and otherwise 0.
func near(d, circle int) int {
	switch d = (d + circle) % circle; {
	case d <= 2:
		return d
	case d >= circle-2:
		return d - circle
	}
	return 0
}

// sequenceParts finds counting that begins at from: abcdef, 654321, 13579,
// 一二三四, 112233, and two counts in turn as in a1b2c3.
func (t *text) sequenceParts(from int, emit func(part)) {
	r := t.runes
	count := func(stride, width int, kindBits float64) {
		// Characters stand in groups of width equal ones; each stride-th
		// group continues a count.
		steps := [2]int{}
		for i := from; i+width <= len(r); i += width {
			for k := 1; k < width; k++ {
				if r[i+k] != r[i] {
					return
				}
			}
			group := (i - from) / width
			if group >= stride {
				d := distance(r[i-stride*width], r[i])
				track := group % stride
				if d == 0 || steps[track] != 0 && d != steps[track] {
					return
				}
				steps[track] = d
			}
			n := i + width - from
			if groups := group + 1; groups >= 3*stride && (steps[0] == 1 || steps[0] == -1 || groups >= 4*stride) {
				emit(part{
					from: from, to: i + width, kind: kindSequence,
					bits:   kindBits + sequenceStart(r[from]) + math.Log2(float64(n)),
					inside: n >= 4 && (steps[0] == 1 || steps[0] == -1 || n >= 6),
				})
			}
		}
	}
	count(1, 1, 0.5)
	count(1, 2, 1.5)
	count(1, 3, 1.5)
	count(2, 1, 2.5)
}

// sequenceStart is the price in bits of the first character of a count.
func sequenceStart(r rune) float64 {
	switch r {
	case 'a', '1', '0', '9', 'z', '一', '甲':
		return 1
	}
	if isDigit(r) {
		return 2.5
	}
	return 4
}
