package lockout

import (
	"errors"
	"fmt"
	"time"
)

// ErrBlocked is what every [*BlockedError] is, for callers that need no data.
var ErrBlocked = errors.New("lockout: too many attempts")

// BlockedError says that an attempt was refused because a key is closed.
// Nothing was counted on that key and nothing may be verified.
type BlockedError struct {
	Limiter string // the name of the key's limiter
	Key     Key    // the key that refused

	// RetryAfter is how long from the refused attempt until the key is open
	// again, [Never] if only Clear opens it: test for that first. It is positive
	// and exact; round it up where seconds are asked for, as in the Retry-After
	// of RFC 9110.
	RetryAfter time.Duration
}

// Error tells the limiter and the wait, nothing about the key.
func (e *BlockedError) Error() string {
	if e.RetryAfter == Never {
		return fmt.Sprintf("%v: %s is closed until it is cleared", ErrBlocked, e.Limiter)
	}
	return fmt.Sprintf("%v: %s is closed, retry in %v", ErrBlocked, e.Limiter, e.RetryAfter)
}

// Unwrap returns [ErrBlocked].
func (e *BlockedError) Unwrap() error { return ErrBlocked }
