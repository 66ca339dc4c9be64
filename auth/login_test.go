package auth_test

import (
	"testing"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/internal/logintest"
	"github.com/crmauth/crmauth/store/memstore"
)

func TestLogin(t *testing.T) {
	logintest.Run(t, func(*testing.T) auth.Stores { return new(memstore.Store).Stores() })
}
