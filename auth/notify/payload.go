package notify

import (
	"encoding/json"
	"errors"
	"fmt"
)

// A Sealer encrypts what an outbox keeps, bound to a purpose and a context, so
// that neither a reader nor a writer of the database can use it. A key ring is
// one.
type Sealer interface {
	// Seal encrypts plaintext for a purpose and a context.
	Seal(purpose string, plaintext []byte, context ...string) ([]byte, error)
	// Unseal returns the plaintext, or an error if sealed was altered or was made
	// for another purpose or context.
	Unseal(purpose string, sealed []byte, context ...string) ([]byte, error)
}

// purpose of sealed messages; their context is the message's ID.
const purpose = "notify outbox"

// payload is a message with its secrets: the only place that writes them out,
// and what it writes is sealed at once. Its Link and Token hide those of Message.
type payload struct {
	Message
	Link  string `json:"link,omitzero"`
	Token string `json:"token,omitzero"`
}

func seal(s Sealer, m Message) ([]byte, error) {
	plain, err := json.Marshal(payload{Message: m, Link: m.Link.Reveal(), Token: m.Token.Reveal()})
	if err != nil {
		return nil, fmt.Errorf("notify: %s: %w", m.label(), err)
	}
	sealed, err := s.Seal(purpose, plain, m.ID)
	if err != nil {
		return nil, fmt.Errorf("notify: sealing %s: %w", m.label(), err)
	}
	if len(sealed) > MaxPayload {
		return nil, fmt.Errorf("notify: %s exceeds %d bytes: shorten its fields", m.label(), MaxPayload)
	}
	return sealed, nil
}

func unseal(s Sealer, e Entry) (Message, error) {
	unknown := Message{ID: e.ID}
	if len(e.Payload) > MaxPayload {
		return unknown, fmt.Errorf("notify: message %s exceeds %d bytes", e.ID, MaxPayload)
	}
	plain, err := s.Unseal(purpose, e.Payload, e.ID)
	if err != nil {
		return unknown, fmt.Errorf("notify: opening message %s: %w", e.ID, err)
	}
	var p payload
	if err := json.Unmarshal(plain, &p); err != nil {
		return unknown, errors.New("notify: message " + e.ID + " is no JSON: was it written by another version?")
	}
	m := p.Message
	m.Link, m.Token = NewSecret(p.Link), NewSecret(p.Token)
	return m, nil
}
