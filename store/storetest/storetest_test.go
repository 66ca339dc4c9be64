package storetest_test

import (
	"testing"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/store/memstore"
	"github.com/crmauth/crmauth/store/storetest"
)

func TestMemoryStores(t *testing.T) {
	storetest.Run(t, func(*testing.T) auth.Stores { return new(memstore.Store).Stores() }, storetest.Options{})
}
