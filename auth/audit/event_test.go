package audit_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth/audit"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 123456789, time.FixedZone("", 8*3600))

// full has every field set.
func full() audit.Event {
	return audit.Event{
		ID: "0r0000000000000000000000ab", Seq: 7, Time: noon, Name: audit.LoginFail, Level: audit.Warn,
		Outcome: audit.Failure, Reason: audit.ReasonWrongPassword, Tenant: "acme", Account: "42", IdentifierHash: "h1",
		Actor:   audit.Actor{Kind: audit.ActorOperator, ID: "root", Reason: "ticket 5"},
		Session: "s1", Device: "d1", Flow: "f1",
		Client:  audit.Client{IP: netip.MustParseAddr("192.0.2.1"), UserAgent: "Firefox"},
		Methods: []string{"pwd", "otp"}, Assurance: 2, Factor: "totp", Resource: "/deals", From: "sales", To: "admin",
		Operation: "suspend", Policy: "NIST", Retries: 3, Limit: 5, Count: 9, Since: noon.Add(-time.Minute),
	}
}

func TestJSONIsStable(t *testing.T) {
	b, err := json.Marshal(full().Clean())
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"0r0000000000000000000000ab","seq":7,"time":"2026-11-02T04:00:00.123456Z","event":"authn_login_fail",
		"level":"WARN","outcome":"failure","reason":"wrong_password","tenant":"acme","account":"42","identifier_hash":"h1",
		"actor":{"kind":"operator","id":"root","reason":"ticket 5"},"session":"s1","device":"d1","flow":"f1",
		"client":{"ip":"192.0.2.1","user_agent":"Firefox"},"methods":["pwd","otp"],"assurance":2,"factor":"totp",
		"resource":"/deals","from":"sales","to":"admin","operation":"suspend","policy":"NIST",
		"retries":3,"limit":5,"count":9,"since":"2026-11-02T03:59:00.123456Z"}`, string(b))
	var back audit.Event
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, full().Clean(), back)

	b, err = json.Marshal(audit.Event{ID: "x", Time: noon.UTC(), Name: audit.Startup, Level: audit.Warn, Outcome: audit.Success})
	require.NoError(t, err)
	assert.Equal(t, `{"id":"x","time":"2026-11-02T04:00:00.123456789Z","event":"sys_startup","level":"WARN","outcome":"success"}`, string(b))
}

func TestCleanEncodesWhatForgesLines(t *testing.T) {
	for in, want := range map[string]string{
		"李娜 <li.na>":            "李娜 <li.na>",
		"a\r\nauthn_login_ok":   `a\u000d\u000aauthn_login_ok`,
		"\x1b[31mred":           `\u001b[31mred`,
		"abc\u202edef":          `abc\u202edef`,
		"a\u2028b\u2029c\u0085": `a\u2028b\u2029c\u0085`,
		"zero\u200bwidth\ufeff": `zero\u200bwidth\ufeff`,
		"tag\U000e0041":         `tag\U000e0041`,
		"bad\xff\xfe":           `bad\xff\xfe`,
		"nul\x00":               `nul\u0000`,
	} {
		e := audit.Event{ID: in, Account: in, Client: audit.Client{UserAgent: in}, Methods: []string{in}}.Clean()
		assert.Equal(t, want, e.ID)
		assert.Equal(t, want, e.Account)
		assert.Equal(t, want, e.Client.UserAgent)
		assert.Equal(t, want, e.Methods[0])
	}
}

func TestCleanCoversEveryField(t *testing.T) {
	dirty, err := json.Marshal("\n" + strings.Repeat("长", 600))
	require.NoError(t, err)
	plain, err := json.Marshal(full())
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(plain, &fields))
	text := string(plain)
	for _, s := range texts(fields) { // all strings of the event but times and address become dirty
		if _, err := time.Parse(time.RFC3339, s); err == nil {
			continue
		}
		if _, err := netip.ParseAddr(s); err == nil {
			continue
		}
		text = strings.ReplaceAll(text, `:"`+s+`"`, ":"+string(dirty))
		text = strings.ReplaceAll(text, `["`+s+`"`, "["+string(dirty))
	}
	var e audit.Event
	require.NoError(t, json.Unmarshal([]byte(text), &e))
	e.Methods = append(e.Methods, make([]string, 100)...)
	require.Contains(t, e.Policy, "\n")
	b, err := json.Marshal(e.Clean())
	require.NoError(t, err)
	assert.NotContains(t, string(b), `\n`)
	assert.Less(t, len(b), 30*audit.MaxText+4*audit.MaxLongText)
	assert.Len(t, e.Clean().Methods, audit.MaxMethods)
	assert.Equal(t, e.Clean(), e.Clean().Clean(), "cleaning twice must change nothing")
}

func texts(v any) []string {
	var all []string
	switch v := v.(type) {
	case string:
		all = append(all, v)
	case map[string]any:
		for _, inner := range v {
			all = append(all, texts(inner)...)
		}
	case []any:
		for _, inner := range v[:1] {
			all = append(all, texts(inner)...)
		}
	}
	return all
}

func TestCleanFillsAndNormalises(t *testing.T) {
	methods := []string{"a\n"}
	e := audit.Event{
		Time: noon, Name: audit.TokenReuse, Count: -1, Retries: -1, Limit: -1, Assurance: -1, Methods: methods,
		Client: audit.Client{IP: netip.MustParseAddr("::ffff:192.0.2.1")},
	}.Clean()
	assert.Equal(t, time.UTC, e.Time.Location())
	assert.Equal(t, 123456000, e.Time.Nanosecond())
	assert.Len(t, e.ID, 26)
	assert.Equal(t, audit.Critical, e.Level)
	assert.Equal(t, netip.MustParseAddr("192.0.2.1"), e.Client.IP)
	assert.Zero(t, e.Count+e.Retries+e.Limit+int64(e.Assurance))
	assert.Equal(t, "a\n", methods[0], "the caller's slice was changed")

	zone := audit.Event{Client: audit.Client{IP: netip.MustParseAddr("fe80::1").WithZone("x\ny")}}.Clean()
	assert.Equal(t, "fe80::1", zone.Client.IP.String())
	assert.Equal(t, audit.Warn, audit.Event{Name: "own_event"}.Clean().Level)
}

func TestIDsSortByTime(t *testing.T) {
	var ids []string
	for i := range 50 {
		ids = append(ids, audit.NewID(noon.Add(time.Duration(i)*time.Millisecond)))
	}
	assert.True(t, slices.IsSorted(ids))
	assert.Regexp(t, "^[0-9a-v]{26}$", ids[0])
	assert.NotEqual(t, audit.NewID(noon), audit.NewID(noon))
	assert.Len(t, audit.NewID(time.Time{}), 26)
}

func TestOWASPForm(t *testing.T) {
	for want, e := range map[string]audit.Event{
		"authn_login_fail:42":                   {Name: audit.LoginFail, Account: "42"},
		"authn_login_fail:h1":                   {Name: audit.LoginFail, IdentifierHash: "h1"},
		"authn_login_fail":                      {Name: audit.LoginFail},
		"authn_login_successafterfail:42,3":     {Name: audit.LoginSuccessAfterFail, Account: "42", Retries: 3},
		"authn_login_lock:42,maxretries":        {Name: audit.LoginLock, Account: "42", Reason: audit.ReasonMaxRetries},
		"authn_login_fail_max:42,5":             {Name: audit.LoginFailMax, Account: "42", Limit: 5},
		"authn_password_change:42":              {Name: audit.PasswordResetComplete, Account: "42"},
		"user_updated:root,42,mfa":              {Name: audit.MFARemoved, Account: "42", Actor: audit.Actor{ID: "root"}},
		"user_updated:42,42,mfa":                {Name: audit.MFAEnrolled, Account: "42"},
		"authz_change:42,sales,admin":           {Name: audit.AuthzChange, Account: "42", From: "sales", To: "admin"},
		"authz_fail:,/deals":                    {Name: audit.AuthzFail, Resource: "/deals"},
		"authn_login_fail:a%2Cb%25":             {Name: audit.LoginFail, Account: "a,b%"},
		`authn_login_fail:a\u000ab`:             {Name: audit.LoginFail, Account: "a\nb"},
		"crm_export:42":                         {Name: "crm_export", Account: "42"},
		"session_expired:42,timeout":            {Name: audit.SessionExpired, Account: "42", Reason: audit.ReasonTimeout},
		"authn_token_created:42,invitation":     {Name: audit.UserInvited, Account: "42"},
		"sys_fault:sessions.Create,store_error": {Name: audit.SystemFault, Operation: "sessions.Create", Reason: audit.ReasonStoreError},
	} {
		assert.Equal(t, want, e.OWASP())
	}
}

// Every Name constant must be in the catalogue, and nothing else.
func TestCatalogueIsComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "name.go", nil, 0)
	require.NoError(t, err)
	declared := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Name" {
				declared[strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`)] = true
			}
		}
		return true
	})
	require.Greater(t, len(declared), 50)
	for _, d := range audit.Catalogue() {
		assert.True(t, declared[string(d.Name)], "%s is no constant", d.Name)
		delete(declared, string(d.Name))
		assert.NotEmpty(t, d.Meaning)
		assert.Contains(t, []audit.Level{audit.Info, audit.Warn, audit.Critical}, d.Level)
		assert.Regexp(t, "^[a-z_]+$", d.OWASP)
		e := full()
		e.Name = d.Name
		assert.Len(t, strings.Split(strings.TrimPrefix(e.OWASP(), d.OWASP+":"), ","), len(d.Args), "%s: an argument is not known", d.Name)
	}
	assert.Empty(t, declared, "not in the catalogue")
}

func FuzzClean(f *testing.F) {
	f.Add("a\r\nb")
	f.Add(strings.Repeat("\u202e", 300))
	f.Add("\xff\x80")
	f.Fuzz(func(t *testing.T, s string) {
		e := audit.Event{ID: "x", Account: s, Name: audit.Name(s), Client: audit.Client{UserAgent: s}}.Clean()
		require.LessOrEqual(t, len(e.Account), audit.MaxText)
		require.LessOrEqual(t, len(e.Client.UserAgent), audit.MaxLongText)
		for _, out := range []string{e.Account, e.Client.UserAgent, e.OWASP()} {
			require.True(t, utf8.ValidString(out))
			require.Equal(t, -1, strings.IndexFunc(out, func(r rune) bool { return !unicode.IsPrint(r) }))
		}
		require.Equal(t, e, e.Clean())
	})
}

func FuzzParseCursor(f *testing.F) {
	for _, s := range []string{"", "1", "0", "z", "01", "-1", "+1", "1y2p0ij32e8e7", "1y2p0ij32e8e8", "A"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := audit.ParseCursor(s)
		if err != nil {
			require.ErrorIs(t, err, audit.ErrCursor)
			require.Equal(t, audit.Cursor{}, c)
			return
		}
		require.Equal(t, s, c.String(), "one position, one text")
		require.GreaterOrEqual(t, c.Seq, int64(0))
	})
}

func TestCursorText(t *testing.T) {
	b, err := json.Marshal(map[string]audit.Cursor{"next": {Seq: 1 << 62}})
	require.NoError(t, err)
	var back map[string]audit.Cursor
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, int64(1<<62), back["next"].Seq)
	require.ErrorIs(t, json.Unmarshal([]byte(`{"next":"1;DROP"}`), &back), audit.ErrCursor)
}
