package auth

import (
	"log/slog"
	"time"

	"github.com/crmauth/crmauth/auth/keyring"
)

// Settings are what a front end must agree on with its service.
type Settings struct {
	BaseURL    string
	FormerURLs []string
	Keys       *keyring.Ring
	RecentFor  time.Duration
	AdminRole  string
	Locale     string
	Logger     *slog.Logger
	Now        func() time.Time
}

// Settings returns what this service was configured with, defaults filled in.
func (s *Service) Settings() Settings {
	c := &s.config
	return Settings{
		BaseURL: c.BaseURL, FormerURLs: append([]string(nil), c.FormerURLs...), Keys: c.Keys,
		RecentFor: c.RecentFor, AdminRole: c.AdminRole, Locale: c.Locale, Logger: c.Logger, Now: s.now,
	}
}
