//go:build !race

package integration

const suiteContenders = 200
