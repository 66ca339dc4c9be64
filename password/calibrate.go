package password

import (
	"time"

	"golang.org/x/crypto/argon2"
)

const calibrateDefaultMemory = 64 << 10 // KiB

// Calibrate measures this machine and returns the [Params], at or above the
// default, whose hash comes nearest to target. It raises the memory first, up
// to maxMemory in KiB (0 = 65536, 64 MiB), because memory is what costs an
// attacker most, and the number of passes after that; Threads is 1.
//
// A target of 0 returns the default, and so does a machine that takes longer
// for it. Time to wait for a login and logins that come at once both argue for
// 20 to 250 ms; the OWASP cheat sheet advises to stay below a second. It takes
// about ten times target, on an otherwise idle machine: call it when choosing
// a configuration, not at every start, or nodes will disagree about which
// hashes are due for replacement.
func Calibrate(target time.Duration, maxMemory uint32) Params {
	return calibrate(target, maxMemory, func(p Params) time.Duration {
		var salt [argon2SaltSize]byte
		best := time.Duration(0)
		for range 2 { // the faster one was disturbed less
			began := time.Now()
			argon2.IDKey([]byte("calibrate"), salt[:], p.Time, p.Memory, p.Threads, argon2TagSize)
			if took := time.Since(began); best == 0 || took < best {
				best = took
			}
		}
		return best
	})
}

// calibrate is Calibrate with the measurement given.
func calibrate(target time.Duration, maxMemory uint32, measure func(Params) time.Duration) Params {
	best := Params{}.withDefaults()
	if target <= 0 {
		return best
	}
	if maxMemory == 0 {
		maxMemory = calibrateDefaultMemory
	}
	maxMemory = min(max(maxMemory, best.Memory), argon2MaxMemory)
	took := measure(best)
	tried, last := best, took
	try := func(p Params) {
		if p == tried {
			return
		}
		tried, last = p, max(measure(p), 1)
		if (last - target).Abs() < (took - target).Abs() {
			best, took = p, last
		}
	}
	scale := func(n, from, to uint32) uint32 { // n × target ÷ last, rounded
		scaled := float64(n)*float64(target)/float64(max(last, 1)) + 0.5
		return uint32(min(max(scaled, float64(from)), float64(to)))
	}
	for range 2 {
		p := tried
		p.Memory = scale(p.Memory, argon2DefaultMemory, maxMemory)
		try(p)
	}
	if tried.Memory == maxMemory {
		for range 2 {
			p := tried
			p.Time = scale(p.Time, argon2DefaultTime, argon2MaxTime)
			try(p)
		}
	}
	return best
}
