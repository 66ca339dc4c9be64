package integration

import (
	"testing"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/internal/logintest"
)

// A login keeps its promises on SQLite too.
func TestLogin(t *testing.T) {
	logintest.Run(t, func(t *testing.T) auth.Stores {
		stores, _ := openStores(t, newFile(t))
		return stores
	})
}
