package keyring

import (
	"crypto/hmac"
	"crypto/sha256"
)

// MAC returns the HMAC-SHA-256 of the parts under the current key's subkey for
// this purpose. Each part goes in behind its length, so ("ab", "c") and ("a",
// "bc") differ. After a rotation the same parts give another MAC: use it for
// values that live for minutes, [Ring.MACWith] or [Ring.Sign] for what is
// stored. Compare MACs with [crypto/hmac.Equal] only.
//
// It takes less than a microsecond for short parts and does not allocate.
func (r *Ring) MAC(purpose string, parts ...[]byte) [sha256.Size]byte {
	return r.current().subkey(useMAC, purpose).mac(parts...)
}

// MACWith is [Ring.MAC] under the key with the given id, for a MAC that is
// stored beside its key's id. The error is an [*UnknownKeyError].
func (r *Ring) MACWith(keyID, purpose string, parts ...[]byte) ([sha256.Size]byte, error) {
	k, err := r.find(keyID)
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	return k.subkey(useMAC, purpose).mac(parts...), nil
}

// Sign returns a tag over the parts that [Ring.Verify] accepts, for as long as
// the ring holds the key that made it: 34 bytes and the key's id, at most 42.
// The same parts under the same key give the same tag. The tag tells nothing of
// the parts to whoever lacks the key.
func (r *Ring) Sign(purpose string, parts ...[]byte) []byte {
	k := r.current()
	mac := k.subkey(useSign, purpose).mac(parts...)
	return append(header(k.ID, len(mac)), mac[:]...)
}

// Verify tells whether the tag was made by [Ring.Sign] of a ring that shares a
// key with this one, for the same purpose and the same parts. A malformed tag
// and an unknown key are false. It compares in constant time.
func (r *Ring) Verify(purpose string, tag []byte, parts ...[]byte) bool {
	id, mac, ok := cut(tag)
	if !ok {
		return false
	}
	k, err := r.find(id)
	if err != nil {
		return false
	}
	want := k.subkey(useSign, purpose).mac(parts...)
	return hmac.Equal(mac, want[:])
}
