package password

import (
	"math"
	"strings"
)

// key is a place on a keyboard. Each row of a keyboard stands half a key to
// the right of the row above, so the key below (1,0) is (2,0), and the one
// below and to its left does not exist.
type key struct {
	row, col int8
	on       bool
}

var (
	keyRows        = [...]string{"1234567890-=", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./"}
	shiftedKeyRows = [...]string{"!@#$%^&*()_+", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00{}|", "\x00\x00\x00\x00\x00\x00\x00\x00\x00:\"", "\x00\x00\x00\x00\x00\x00\x00<>?"}
	padRows        = [...]string{"789", "456", "123", "0"}
)

func keyOf(r rune) key {
	if r <= 0 || r > '~' {
		return key{}
	}
	for _, rows := range [...]*[4]string{&keyRows, &shiftedKeyRows} {
		for row, keys := range rows {
			if col := strings.IndexByte(keys, byte(r)); col >= 0 {
				return key{row: int8(row), col: int8(col), on: true}
			}
		}
	}
	return key{}
}

func padKeyOf(r rune) key {
	if !isDigit(r) {
		return key{}
	}
	for row, keys := range padRows {
		if col := strings.IndexRune(keys, r); col >= 0 {
			return key{row: int8(row), col: int8(col), on: true}
		}
	}
	return key{}
}

// step is the direction from one key to a neighbour; 0 means no neighbour.
type step int8

// keyStep returns the direction from a to b on the main block.
func keyStep(a, b key) step {
	if !a.on || !b.on {
		return 0
	}
	switch row, col := b.row-a.row, b.col-a.col; {
	case row == 0 && col == 1:
		return 1
	case row == 0 && col == -1:
		return 2
	case row == 1 && col == 0:
		return 3
	case row == 1 && col == -1:
		return 4
	case row == -1 && col == 0:
		return 5
	case row == -1 && col == 1:
		return 6
	}
	return 0
}

// padStep returns the direction from a to b on the numeric pad.
func padStep(a, b key) step {
	row, col := b.row-a.row, b.col-a.col
	if !a.on || !b.on || row < -1 || row > 1 || col < -1 || col > 1 || row == 0 && col == 0 {
		return 0
	}
	return step(10 + 3*row + col)
}

// keyboardParts finds walks over neighbouring keys that begin at from:
// qwerty, 1qaz, zaq12wsx, 1q2w3e, and 7415963 on the numeric pad.
func (t *text) keyboardParts(from int, emit func(part)) {
	t.walk(from, t.len(), 1.8, func(i int) step { return keyStep(t.keys[i], t.keys[i+1]) }, emit)
	end := from
	for end < t.len() && isDigit(t.runes[end]) {
		end++
	}
	t.walk(from, end, 3, func(i int) step { return padStep(t.pads[i], t.pads[i+1]) }, emit)
}

// walk emits each walk of four keys and more, or three in a line. The attacker's price is the
// first key, the length and each turn, dearer where every key has many
// neighbours; a zigzag turns for little.
func (t *text) walk(from, end int, turn float64, stepAt func(i int) step, emit func(part)) {
	bits := 4.0
	if strings.ContainsRune("1qaz0p7", t.runes[from]) {
		bits = 2.5
	}
	var last, before step
	straight, zigzag := true, true
	for i := from; i+1 < end; i++ {
		s := stepAt(i)
		if s == 0 {
			return
		}
		if last != 0 && s != last {
			straight = false
			if s == before {
				bits += 0.3
			} else {
				zigzag = zigzag && before == 0
				bits += turn
			}
		}
		last, before = s, last
		if n := i + 2 - from; n >= 4 || n == 3 && straight {
			emit(part{
				from: from, to: i + 2, kind: kindKeyboard,
				bits:   bits + math.Log2(float64(n)),
				inside: straight && n >= 4 || zigzag && n >= 6,
			})
		}
	}
}

// shiftedParts finds a stretch that repeats earlier keys some columns further:
// 2wsx after 1qaz, asd after qwe, 258 after 147.
func (t *text) shiftedParts(from int, emit func(part)) {
	for _, keys := range [...][]key{t.keys, t.pads} {
		for distance := 2; distance <= 10 && distance <= from; distance++ {
			a, b := keys[from-distance], keys[from]
			row, col := b.row-a.row, b.col-a.col
			if !a.on || !b.on || row == 0 && col == 0 || row < -2 || row > 2 || col < -2 || col > 2 {
				continue
			}
			for i := from; i < t.len() && i < from+distance; i++ {
				a, b := keys[i-distance], keys[i]
				if !a.on || !b.on || b.row-a.row != row || b.col-a.col != col {
					break
				}
				if n := i + 1 - from; n == distance && n >= 3 || n >= 4 {
					emit(part{from: from, to: i + 1, kind: kindKeyboard, bits: 3.5})
				}
			}
		}
	}
}
