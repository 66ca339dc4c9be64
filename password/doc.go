// Package password hashes passwords, decides which ones are good enough, and
// estimates how strong they are. It needs nothing else of this module.
//
// Most programs need two things. A [Hasher] turns a password into a string to
// store and compares later ones with it:
//
//	hasher, err := password.New(password.Config{})
//	stored, err := hasher.Hash(ctx, typed)             // $argon2id$v=19$m=19456,t=2,p=1$…
//	result, err := hasher.Verify(ctx, stored, typed)   // result.OK: right password
//
// and a [Policy] says what is wrong with a password that somebody wants to
// set, as a list of violations with a code and parameters each, no prose.
//
// # Hashing
//
// New hashes are Argon2id (RFC 9106) at m=19456 KiB, t=2, p=1, about 25 ms of
// one processor, as PHC strings; [Calibrate] finds dearer parameters for a
// machine that can afford them. A hash is verified by the parameters that are
// stored in it, so raising the cost locks nobody out: [Result] then says that
// the stored hash is due for replacement. Hashes which other systems made are
// verified once their [Scheme] is declared in [Config].Accept.
//
// # Exact passwords
//
// A password is valid UTF-8 of at most [MaxBytes] bytes. It is brought to
// Unicode normalization form C (NIST SP 800-63B-4, 3.1.1.2), so that the same
// text typed on different keyboards is the same password; after that every
// byte counts: nothing is cut off, trimmed or case-folded, and a password that
// bcrypt would cut off is refused. An empty password never verifies.
//
// # Equal work
//
// All failures do the same amount of work: a wrong password, an account that
// doesn't exist ([Hasher.Reject]) or has no password, a hash with older and
// cheaper parameters, an imported bcrypt hash. Each declared scheme has a
// maximal cost, and every failure does that much of every scheme, in the same
// number of blocks, rounds and iterations. So time doesn't tell accounts
// apart (ASVS 5.0, 6.3.8); no delay is random and nothing sleeps.
//
// # Bounded work
//
// Hashing runs in a [Pool] with a memory budget. Who would wait past the
// deadline of their context gets an [OverloadedError] at once; sources take
// turns, and known devices have a share of their own, so that a flood from one
// network doesn't keep everybody out.
//
// # Policy and strength
//
// The two profiles [NIST] and [MLPS] are complete policies. Strength is an
// estimate from 0 to 4 with reasons, bounded in time for any input; it advises
// and, in the NIST profile, refuses nothing.
package password
