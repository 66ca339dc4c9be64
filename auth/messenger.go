package auth

import (
	"context"

	"github.com/crmauth/crmauth/auth/notify"
)

func newCourier(c Config) (*notify.Courier, error) {
	return notify.NewCourier(c.Stores.Outbox, c.Notifier, c.Keys, notify.CourierConfig{
		Now:   c.Now,
		Fault: func(err error) { c.Logger.Error("auth: sending a message", "error", err) },
		GaveUp: func(ctx context.Context, m notify.Message, err error) {
			c.Logger.ErrorContext(ctx, "auth: a message was given up", "message", m, "error", err)
		},
	})
}

// notify puts a message to the account into the outbox; [Service.Run] sends it.
// An account without an address is told nothing.
func (s *Service) notify(ctx context.Context, t Tenant, a Account, m notify.Message) error {
	if m.To = address(a); m.To == "" {
		return nil
	}
	m.Channel, m.Tenant, m.Account, m.Time = notify.Email, t.ID, a.ID, s.now()
	m.Params.Identifier = a.Identifier
	if m.Params.Product = t.Name; m.Params.Product == "" {
		m.Params.Product = s.config.Product
	}
	if m.Locale = a.Locale; m.Locale == "" {
		m.Locale = t.Locale
	}
	if err := s.courier.Send(ctx, m); err != nil {
		return &UnavailableError{Op: "put a message into the outbox", Err: err}
	}
	return nil
}

// Deliver sends what waits in the outbox now. [Service.Run] does it all the
// time; tests and programs that run by a schedule call it themselves.
func (s *Service) Deliver(ctx context.Context) error {
	if _, err := s.courier.RunOnce(ctx); err != nil {
		return &UnavailableError{Op: "send messages", Err: err}
	}
	return nil
}
