package password

import (
	"math"
	"slices"
)

// sequences are the orders people count in, beside the code points themselves.
var sequences = [...][]rune{
	[]rune("01234567890"), // 0 follows 9
	[]rune("零一二三四五六七八九十"),
	[]rune("〇一二三四五六七八九"),
	[]rune("零壹贰叁肆伍陆柒捌玖拾"),
	[]rune("甲乙丙丁戊己庚辛壬癸"),
	[]rune("子丑寅卯辰巳午未申酉戌亥"),
	[]rune("天地玄黄宇宙洪荒"),
	[]rune("abcdefghijklmnopqrstuvwxyza"), // a follows z
}

// distance returns how far b stands behind a in a common order, within two
// places, or 0.
func distance(a, b rune) int {
	if isDigit(a) && isDigit(b) || 'a' <= a && a <= 'z' && 'a' <= b && b <= 'z' || 'а' <= a && a <= 'я' && 'а' <= b && b <= 'я' || 'α' <= a && a <= 'ω' && 'α' <= b && b <= 'ω' {
		if d := int(b - a); -2 <= d && d <= 2 {
			return d
		}
	}
	for _, order := range sequences {
		i, j := slices.Index(order, a), slices.Index(order, b)
		if i < 0 || j < 0 {
			continue
		}
		if d := j - i; d == 1 || d == -1 {
			return d
		}
		// The last entry of a circular order is its first again.
		if last := len(order) - 1; order[0] == order[last] {
			switch {
			case i == 0 && j == last-1:
				return -1
			case i == last-1 && j == 0:
				return 1
			}
		}
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
