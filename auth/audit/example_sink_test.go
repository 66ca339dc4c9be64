package audit_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
)

// One event in two sinks; both must accept it.
func ExampleTee() {
	ctx := context.Background()
	noTime := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "id" {
			return slog.Attr{}
		}
		return a
	}}
	log := new(audit.Memory)
	sink := audit.Tee(log, audit.NewSlog(slog.New(slog.NewTextHandler(os.Stdout, noTime))))

	err := sink.Append(ctx, audit.Event{
		Time: time.Now(), Name: audit.LoginFail, Outcome: audit.Failure, Reason: audit.ReasonWrongPassword, Account: "42",
		Client: audit.Client{IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "curl\r\nauthn_login_success:1"},
	})
	fmt.Println(err)

	for e, err := range log.Events(ctx, audit.Filter{Account: "42", NewestFirst: true}, audit.Cursor{}) {
		fmt.Println(e.Cursor(), e.OWASP(), err)
	}
	// Output:
	// level=WARN msg=authn_login_fail:42 event=authn_login_fail outcome=failure reason=wrong_password account=42 client.ip=192.0.2.7 client.user_agent=curl\u000d\u000aauthn_login_success:1
	// <nil>
	// 1 authn_login_fail:42 <nil>
}
