// Package integration runs the conformance suite and the tests of crashes and
// of several processes against real databases. It holds nothing else, and
// nobody imports it.
package integration
