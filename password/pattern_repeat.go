package password

import "math"

// repeatParts finds, at from, what repeats something earlier: one character
// again and again, a block again and again, an earlier stretch once more, or
// an earlier stretch backwards.
func (t *text) repeatParts(from int, emit func(part)) {
	r := t.runes
	reached := 0 // the longest stretch that a smaller distance explains already
	for distance := 1; distance <= from && reached < len(r)-from; distance++ {
		n := 0
		for from+n < len(r) && r[from+n] == r[from+n-distance] {
			n++
		}
		if n < 3 && n < distance {
			continue
		}
		// Shorter stretches too: the reading may want to end before the
		// repetition does.
		for length := reached + 1; length <= n; length++ {
			whole := length%distance == 0
			if length < 3 && !whole {
				continue
			}
			bits := 2.5 + 0.5*math.Log2(float64(length))
			if !whole {
				bits += 1.5
			}
			emit(part{
				from: from, to: from + length, kind: kindRepeated, bits: bits,
				inside: distance == 1 && length >= 3 || distance > 1 && length+distance >= max(6, 2*distance),
			})
		}
		reached = max(reached, n)
	}
	t.mirrorParts(from, emit)
}

// mirrorParts finds an earlier stretch typed backwards directly behind it,
// with at most one character between: abccba, 12321.
func (t *text) mirrorParts(from int, emit func(part)) {
	for gap := range 2 {
		n := 0
		for from+n < t.len() && from-1-gap-n >= 0 && t.runes[from+n] == t.runes[from-1-gap-n] {
			n++
		}
		for length := 3; length <= n; length++ {
			emit(part{from: from, to: from + length, kind: kindRepeated, bits: 3.5})
		}
	}
}
