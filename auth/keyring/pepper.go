package keyring

// purposePepper is the purpose of the pepper's subkey.
const purposePepper = "password pepper"

// A Pepper is the keyed step before a password hash: whoever steals the hashes
// alone can't even begin to guess. The key's id is stored with the hash, so
// that older hashes still verify after a rotation. A program that loses the key
// loses every password that was hashed with it. The zero Pepper panics.
type Pepper struct{ ring *Ring }

// Pepper returns the ring's pepper. It satisfies the Pepper interface of a
// password hasher with key ids.
func (r *Ring) Pepper() Pepper { return Pepper{r} }

// Current returns the id of the key for new hashes.
func (p Pepper) Current() string { return p.ring.Current() }

// Apply returns the 32 bytes of HMAC-SHA-256 over in, under the pepper subkey of
// the key with this id. The error is an [*UnknownKeyError].
func (p Pepper) Apply(keyID string, in []byte) ([]byte, error) {
	k, err := p.ring.find(keyID)
	if err != nil {
		return nil, err
	}
	mac := k.subkey(usePepper, purposePepper).mac(in)
	return mac[:], nil
}
