package storetest

import "strings"

// names are different names that careless stores take for one: collations that
// fold case, accents, width or compatibility forms, comparisons that trim or pad
// with spaces, keys that are normalised, cut off or glued together.
var names = []string{
	"li", "LI", "Li",
	"l\u00ed", "l\u00ec", // accents
	"li\u0301", "l\u00ed\u200d", // a combining accent, a joiner
	"li ", " li", "li\t", "li\u00a0", "li\u3000", // spaces
	"\uff4c\uff49", // full width
	"l\u0131",      // dotless i
	"l\u0456",      // Cyrillic
	"l%", "l_", "%", "_i", "l*", "l?",
	"stra\u00dfe", "strasse", "STRASSE",
	"\u674e\u5a1c", "\u674e\u5a1c ", "\u9ece\u5a1c", // 李娜, 黎娜
	"\U0001f600", "\U0001f601", // outside the basic plane
	"li'; --", `li"`, `li\`, "li`", "li$1", "li:1", "li/1", "li|1",
}

// glued are pairs of names that become equal when a store joins them.
var glued = [][2][2]string{
	{{"a", "b:c"}, {"a:b", "c"}},
	{{"a", "b/c"}, {"a/b", "c"}},
	{{"a", "b|c"}, {"a|b", "c"}},
	{{"a", "b.c"}, {"a.b", "c"}},
	{{"a", "b-c"}, {"a-b", "c"}},
	{{"a", "b_c"}, {"a_b", "c"}},
	{{"a", "b c"}, {"a b", "c"}},
	{{"a", "b,c"}, {"a,b", "c"}},
	{{"a", "bc"}, {"ab", "c"}},
	{{"", "abc"}, {"abc", ""}},
}

// hostile are values that a store may refuse, but must not change: beyond the
// length of the usual column, with a NUL, or not valid UTF-8. The second of each
// pair is what a store that cuts off or mends makes of the first.
var hostile = []struct{ name, value, mangled string }{
	{"4 KiB", strings.Repeat("x", 4096), strings.Repeat("x", 4095)},
	{"4 KiB, cut at 255", strings.Repeat("y", 4096), strings.Repeat("y", 255)},
	{"4 KiB of three-byte characters", strings.Repeat("\u674e", 1365), strings.Repeat("\u674e", 1364)},
	{"NUL inside", "ab\x00cd", "ab"},
	{"NUL at the end", "abc\x00", "abc"},
	{"invalid UTF-8", "ab\xff", "ab\ufffd"},
	{"half a character", "ab\xe6\x9d", "ab"},
	{"surrogate", "ab\xed\xa0\x80", "ab\ufffd\ufffd\ufffd"},
}
