package keyring

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/chacha20poly1305"
)

// What a subkey is used for. Part of its derivation: never change one.
const (
	useMAC    = "mac"
	useSign   = "sign"
	useSeal   = "seal"
	usePepper = "pepper"
)

const (
	salt         = "crmauth keyring v1" // of every derivation
	subkeyLength = 32

	// Purposes are constants of a program, so few are ever derived. Should a
	// program make them up, derivation gets slower and memory stays bounded.
	maxCached = 128
)

type label struct{ use, purpose string }

// key is a Key with the subkeys derived so far. Readers of the cache take no
// lock; a new subkey replaces the map.
type key struct {
	Key
	mu      sync.Mutex
	subkeys atomic.Pointer[map[label]*subkey]
}

type subkey struct {
	macs sync.Pool   // of *macState
	aead cipher.AEAD // of useSeal only
}

type macState struct {
	hash hash.Hash
	size [8]byte
	sum  [sha256.Size]byte
}

func newKey(k Key) *key {
	k.Secret = bytes.Clone(k.Secret)
	own := &key{Key: k}
	own.subkeys.Store(&map[label]*subkey{})
	return own
}

func (k *key) subkey(use, purpose string) *subkey {
	l := label{use, purpose}
	if s := (*k.subkeys.Load())[l]; s != nil {
		return s
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	known := *k.subkeys.Load()
	if s := known[l]; s != nil {
		return s
	}
	s := k.derive(l)
	if len(known) < maxCached {
		known = maps.Clone(known)
		known[l] = s
		k.subkeys.Store(&known)
	}
	return s
}

// derive is HKDF-SHA-256 with info = use, a zero byte, purpose. No use contains
// a zero byte, so no two labels share an info.
func (k *key) derive(l label) *subkey {
	secret, err := hkdf.Key(sha256.New, k.Secret, []byte(salt), l.use+"\x00"+l.purpose, subkeyLength)
	if err != nil {
		panic("keyring: HKDF refuses its constant length: " + err.Error())
	}
	s := new(subkey)
	if l.use == useSeal {
		if s.aead, err = chacha20poly1305.NewX(secret); err != nil {
			panic("keyring: XChaCha20-Poly1305 is not available: " + err.Error())
		}
		return s
	}
	s.macs.New = func() any { return &macState{hash: hmac.New(sha256.New, secret)} }
	return s
}

// mac is HMAC-SHA-256 over the parts, each behind its length in 8 bytes, so
// that no two lists of parts are the same message.
func (s *subkey) mac(parts ...[]byte) [sha256.Size]byte {
	m := s.macs.Get().(*macState)
	defer s.macs.Put(m)
	m.hash.Reset()
	for _, p := range parts {
		binary.BigEndian.PutUint64(m.size[:], uint64(len(p)))
		m.hash.Write(m.size[:])
		m.hash.Write(p)
	}
	m.hash.Sum(m.sum[:0])
	return m.sum
}
