//go:build race

package integration

// suiteContenders is fewer than usual: the race detector slows the database down
// twentyfold.
const suiteContenders = 50
