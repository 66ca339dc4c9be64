package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/password"
)

// colleagues are the demo's accounts besides the administrator.
var colleagues = []auth.NewAccount{
	{Identifier: "wang.fang@example.com", Name: "王芳", Locale: "zh-CN", Roles: []string{roleManager}},
	{Identifier: "li.na@example.com", Name: "李娜", Locale: "zh-CN", Roles: []string{roleSales}},
	{Identifier: "sam.carter@example.com", Name: "Sam Carter", Locale: "en", Roles: []string{roleSales}},
}

// demoAccount is one entry of the line that -seed prints.
type demoAccount struct {
	Identifier string   `json:"identifier"`
	Password   string   `json:"password"`
	Roles      []string `json:"roles"`
}

// seed fills an empty installation as an operator would: the administrator by
// the first link, the others by invitations. The administrator comes last, so
// that what was interrupted is simply done again.
func (a *app) seed(ctx context.Context, out io.Writer) error {
	var mail mailbox
	config := a.config
	config.Notifier = &mail
	svc, err := auth.New(config)
	if err != nil {
		return err
	}
	link, err := svc.Bootstrap(ctx, "", a.options.admin)
	if errors.Is(err, auth.ErrBootstrapped) {
		a.log.InfoContext(ctx, "crm: the database is in use already: -seed leaves it as it is", "file", a.options.file)
		return nil
	}
	if err != nil {
		return err
	}
	first, err := url.Parse(link)
	if err != nil {
		return err
	}

	var made []demoAccount
	operator := svc.Admin(auth.Operator{Name: "seed", Reason: "demonstration data"}, auth.Client{})
	for _, n := range colleagues {
		if err := invite(ctx, operator, n); err != nil {
			return err
		}
		if err := svc.Deliver(ctx); err != nil {
			return err
		}
		pw, err := choose(ctx, svc, mail.token)
		if err != nil {
			return err
		}
		made = append(made, demoAccount{n.Identifier, pw, n.Roles})
	}
	if err := a.records.fill(ctx, demoCustomers(a.now()), demoDeals(a.now())); err != nil {
		return err
	}
	pw, err := choose(ctx, svc, first.Query().Get("token"))
	if err != nil {
		return err
	}
	made = append([]demoAccount{{a.options.admin, pw, []string{roleAdmin}}}, made...)
	if err := svc.Deliver(ctx); err != nil { // notices to people who don't exist
		return err
	}
	line, err := json.Marshal(made)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "demo accounts: %s\n", line)
	return err
}

// invite makes the account, or sends the invitation anew.
func invite(ctx context.Context, operator *auth.Admin, n auth.NewAccount) error {
	_, err := operator.Invite(ctx, n)
	if !errors.Is(err, auth.ErrExists) {
		return err
	}
	there, err := operator.Lookup(ctx, n.Identifier)
	if err != nil {
		return err
	}
	return operator.StartReset(ctx, there.ID)
}

// choose redeems a link by a random password and returns that.
func choose(ctx context.Context, svc *auth.Service, token string) (string, error) {
	for range 100 {
		pw, err := randomPassword()
		if err != nil {
			return "", err
		}
		err = svc.Recovery().Complete(ctx, token, pw, auth.Client{})
		if _, again := errors.AsType[*password.RejectedError](err); !again { // a pattern, by chance
			return pw, err
		}
	}
	return "", errors.New("the policy refuses random passwords")
}

// randomPassword returns four groups of five letters and digits that nobody
// confuses: 116 bits.
func randomPassword() (string, error) {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
	var text strings.Builder
	for n := 0; n < 20; {
		var b [1]byte
		if _, err := rand.Read(b[:]); err != nil {
			return "", err
		}
		if int(b[0]) >= 256-256%len(letters) { // else some letters came more often
			continue
		}
		if n > 0 && n%5 == 0 {
			text.WriteByte('-')
		}
		text.WriteByte(letters[int(b[0])%len(letters)])
		n++
	}
	return text.String(), nil
}

// mailbox keeps the token of the latest message that carries one.
type mailbox struct{ token string }

func (m *mailbox) Notify(_ context.Context, msg notify.Message) error {
	if !msg.Token.IsZero() {
		m.token = msg.Token.Reveal()
	}
	return nil
}

func demoCustomers(now time.Time) []customer {
	day := 24 * time.Hour
	return []customer{
		{1, "Harbour Light Foods", "Qingdao", "Zhou Min", "sam.carter@example.com", now.Add(-90 * day)},
		{2, "云山机械有限公司", "广州", "陈伟", "li.na@example.com", now.Add(-72 * day)},
		{3, "Northwind Textiles", "Ningbo", "Grace Hu", "sam.carter@example.com", now.Add(-61 * day)},
		{4, "天河物流", "武汉", "赵磊", "li.na@example.com", now.Add(-40 * day)},
		{5, "Blue Heron Hotels", "Hangzhou", "Peter Lindqvist", "li.na@example.com", now.Add(-18 * day)},
		{6, "Cedar & Sons Timber", "Harbin", "Sun Yue", "sam.carter@example.com", now.Add(-5 * day)},
	}
}

func demoDeals(now time.Time) []deal {
	day := 24 * time.Hour
	return []deal{
		{CustomerID: 1, Title: "Cold chain sensors, 400 pieces", Fen: 18_600_000, Stage: "won", Owner: "sam.carter@example.com", Created: now.Add(-80 * day)},
		{CustomerID: 2, Title: "数控机床维护合同", Fen: 42_000_000, Stage: "negotiation", Owner: "li.na@example.com", Created: now.Add(-55 * day)},
		{CustomerID: 3, Title: "Dye works control system", Fen: 96_500_000, Stage: "offer", Owner: "sam.carter@example.com", Created: now.Add(-44 * day)},
		{CustomerID: 4, Title: "车队调度平台", Fen: 31_250_000, Stage: "lead", Owner: "li.na@example.com", Created: now.Add(-20 * day)},
		{CustomerID: 1, Title: "Warehouse extension", Fen: 7_480_000, Stage: "lost", Owner: "sam.carter@example.com", Created: now.Add(-16 * day)},
		{CustomerID: 5, Title: "Booking terminals for 12 houses", Fen: 23_900_000, Stage: "offer", Owner: "li.na@example.com", Created: now.Add(-9 * day)},
		{CustomerID: 6, Title: "Sawmill scanner, pilot", Fen: 5_150_000, Stage: "lead", Owner: "sam.carter@example.com", Created: now.Add(-2 * day)},
	}
}
