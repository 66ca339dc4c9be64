// Package lockout limits attempts in a way that can't be raced: an attempt is
// counted before anything is verified, so a thousand parallel guesses get no
// further than one guess after the other.
//
// Reserve, verify, and tell only what went well:
//
//	names := lockout.New(store, "login name", lockout.Policy{})
//
//	attempt, err := lockout.Reserve(ctx, names.Key(tenant, name))
//	if blocked, ok := errors.AsType[*lockout.BlockedError](err); ok {
//		return tooManyAttempts(blocked.RetryAfter)
//	}
//	if err != nil {
//		return err // not counted for sure: verify nothing
//	}
//	if passwordIsRight {
//		err = attempt.Succeed(ctx)
//	}
//
// Doing nothing is a failure. [Attempt.Refund] gives an attempt back that was
// none, because the verification never began.
//
// The package stands alone: it imports nothing but the standard library, and
// [MemoryStore] serves a program of one process. Other stores implement [Store],
// three methods.
//
// # What counts
//
// A [Limiter] is a ladder ([Policy]) under a name. Its default: five failures
// are free, each further one closes the key for 1, 5, 15 and 60 minutes, then
// for 24 hours; 24 hours after the latest attempt all is forgotten. [Cap]
// disables a key until somebody clears it, [Quota] limits what may be done n
// times, such as sending a message. All three are the same verb on the same
// store, and any number of them can be reserved together.
//
// While a key is blocked nothing is counted and no lock gets longer: attempts
// during a lock are refused, and that is all. A success clears what was counted
// up to its own reservation; attempts reserved after it keep counting.
//
// # Keys
//
// A key is SHA-256 over the name of the limiter and the parts, each with its
// length before it, so that ("ab", "c") and ("a", "bc") never meet, and neither
// do two limiters. The hash has no secret on purpose: the rotation of a secret
// would reset every counter. It keeps what people type out of the store, also
// the password that was typed into the name field; it doesn't hide a name from
// somebody who guesses it and can read the store.
//
// Canonicalise a part before you make a key of it. Each spelling of a name that
// makes a key of its own multiplies the guesses: upper case, an alias, the
// e-mail address beside the user name, an IPv6 host with 2^64 addresses.
//
// # What a crash leaves
//
// An over-count. A process that dies between reservation and answer leaves a
// failure that was none; an error of the store refuses the attempt and may
// leave it counted. Nothing leaves an attempt that was verified without being
// counted. Keep counters out of the transaction of the login itself, whose
// rollback would take the failure back.
//
// # A lock must be no weapon
//
// Whoever knows a name can close its counter. Give the owner another way: a
// counter of its own for a device that has signed in before, a recovery that
// ends in [Clear]. Count the source of an attempt too, with a wider ladder, name
// it first, so that a closed source doesn't touch the counters behind it, and
// give a source its unit back ([Attempt.Settle]) rather than clear it when one
// of its users succeeds: one right password must not pay for guesses at others.
package lockout
