package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/crmauth/crmauth/auth"
)

type security struct{ run *runner }

var _ auth.SecurityStore = (*security)(nil)

// securityRow receives the columns of a record, NULL if there is none.
type securityRow struct {
	version sql.NullInt64
	record  sql.NullString
}

func (r *securityRow) into() []any { return []any{&r.version, &r.record} }

func (r *securityRow) security(tenant, account string) (s auth.Security, err error) {
	if r.version.Valid {
		err = decode(r.record.String, &s)
	}
	s.Tenant, s.Account, s.Version = tenant, account, r.version.Int64
	return s, err
}

func (s *security) Load(ctx context.Context, tenant, account string) (auth.Security, error) {
	var r securityRow
	if _, err := s.run.reader().one(ctx, "security.load", []any{tenant, account}, r.into()...); err != nil {
		return auth.Security{}, err
	}
	return r.security(tenant, account)
}

func (s *security) Save(ctx context.Context, record auth.Security, ifVersion int64) (bool, error) {
	text, err := json.Marshal(record)
	if err != nil { // a year beyond 9999
		return false, fmt.Errorf("sqlstore: security record: %w", err)
	}
	if ifVersion == 0 {
		return s.run.changed(ctx, "security.insert", record.Tenant, record.Account, string(text))
	}
	return s.run.changed(ctx, "security.update", record.Tenant, record.Account, ifVersion, string(text))
}
