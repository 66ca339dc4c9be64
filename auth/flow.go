package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/session"
)

const (
	flowLife    = 10 * time.Minute
	flowPurpose = "login flow"
	// A factor that is answered elsewhere may be asked for so many times, so
	// often.
	maxPending   = 120
	pendingEvery = time.Second
)

// flowState is what an unfinished login knows; it is sealed at rest.
type flowState struct {
	Identifier string            `json:"identifier"`
	Mark       string            `json:"mark"` // of the password that was proven
	Epoch      int64             `json:"epoch"`
	Public     bool              `json:"public,omitzero"`
	Remember   bool              `json:"remember,omitzero"`
	Binding    [32]byte          `json:"binding"`
	Methods    []session.Factor  `json:"methods"`
	Level      session.Level     `json:"level"`
	Caps       []string          `json:"caps"` // authenticators used, whose caps stage 9 clears
	Need       bool              `json:"need,omitzero"`
	Factors    []FactorInfo      `json:"factors,omitempty"`
	Actions    []string          `json:"actions,omitempty"`
	States     map[string][]byte `json:"states,omitempty"` // by factor: what its challenge keeps
	Pending    int               `json:"pending,omitzero"`
	Asked      time.Time         `json:"asked,omitzero"`
}

// suspend keeps the login for another request. Its attempt is given back,
// because the credential was right; nothing is cleared.
func (l *login) suspend(ctx context.Context, need bool, factors []FactorInfo, actions []string) error {
	if err := l.refund(ctx); err != nil {
		return err
	}
	if err := l.draw(ctx, l.s.limits.flows.Key(l.tenant.ID, l.account.ID, l.device)); err != nil {
		return err
	}
	secret := make([]byte, 32)
	if _, err := io.ReadFull(l.s.config.Rand, secret); err != nil {
		return l.unavailable(ctx, "make a flow token", err)
	}
	state := flowState{
		Identifier: l.identifier, Mark: mark(l.account.PasswordHash), Epoch: l.security.Epoch,
		Public: l.public, Remember: l.remember, Binding: sha256.Sum256([]byte(l.client.Binding)),
		Methods: l.methods, Level: l.level, Need: need, Factors: factors, Actions: actions,
	}
	if slices.ContainsFunc(l.methods, func(f session.Factor) bool { return f.Method == "pwd" }) {
		state.Caps = []string{authenticatorPassword}
	}
	record := FlowRecord{
		Digest: sha256.Sum256(secret), Tenant: l.tenant.ID, Account: l.account.ID, Expires: l.now.Add(flowLife),
	}
	var err error
	if record.Data, err = l.s.sealFlow(record, state); err != nil {
		return l.unavailable(ctx, "seal the flow", err)
	}
	if err := l.s.config.Stores.Flows.Create(ctx, record); err != nil {
		return l.unavailable(ctx, "keep the flow", err)
	}
	if err := l.record(ctx, audit.LoginIncomplete, audit.Incomplete, ""); err != nil {
		return err
	}
	return incomplete(notify.NewSecret(base64.RawURLEncoding.EncodeToString(secret)), record, state)
}

func incomplete(token Secret, r FlowRecord, state flowState) *IncompleteError {
	e := &IncompleteError{Flow: token, Expires: r.Expires, Actions: state.Actions}
	if state.Need {
		e.Factors = state.Factors
	}
	return e
}

func (s *Service) sealFlow(r FlowRecord, state flowState) ([]byte, error) {
	plain, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	return s.config.Keys.Seal(flowPurpose, plain, r.Tenant, r.Account, string(r.Digest[:]))
}

// Flow continues a login that answered [*IncompleteError]. Any node can do it;
// the client must be the same browser ([Client.Binding]).
func (s *Service) Flow(token string, c Client) *Flow { return &Flow{s, token, c} }

// Flow is an unfinished login. Each method reads it anew: a password that was
// changed, an account that was disabled or ten minutes end it.
type Flow struct {
	s      *Service
	token  string
	client Client
}

// openFlow is a flow as one request sees it.
type openFlow struct {
	*login
	token  Secret
	stored FlowRecord
	state  flowState
}

func (f *Flow) open(ctx context.Context) (*openFlow, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(f.token)
	if err != nil || len(raw) != 32 {
		return nil, ErrFlowInvalid
	}
	o := &openFlow{token: notify.NewSecret(f.token)}
	st := &f.s.config.Stores
	if o.stored, err = st.Flows.Get(ctx, sha256.Sum256(raw), f.s.now()); err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil, ErrFlowInvalid
		}
		return nil, &UnavailableError{Op: "read the flow", Err: err}
	}
	if o.login, err = f.s.begin(ctx, o.stored.Tenant, f.client); err != nil {
		return nil, err
	}
	plain, err := f.s.config.Keys.Unseal(flowPurpose, o.stored.Data, o.stored.Tenant, o.stored.Account, string(o.stored.Digest[:]))
	if err != nil {
		return nil, o.unavailable(ctx, "open the flow", err)
	}
	if err := json.Unmarshal(plain, &o.state); err != nil {
		return nil, o.unavailable(ctx, "decode the flow", err)
	}
	if o.state.Binding != sha256.Sum256([]byte(f.client.Binding)) {
		return nil, ErrFlowInvalid
	}
	if err := o.reload(ctx); err != nil {
		return nil, err
	}
	return o, o.passGates(ctx)
}

// reload reads the account again: what was proven must still be so.
func (o *openFlow) reload(ctx context.Context) (err error) {
	if o.account, o.security, err = o.s.load(ctx, o.stored.Tenant, o.stored.Account); err != nil {
		if errors.Is(err, ErrNotFound) {
			return ErrFlowInvalid
		}
		return o.unavailable(ctx, "find the account", err)
	}
	o.identifier, o.found = o.state.Identifier, true
	o.public, o.remember = o.state.Public, o.state.Remember
	o.methods, o.level = o.state.Methods, o.state.Level
	o.device = o.s.knownDevice(o.account, o.security, o.client.DeviceKey, o.now)
	if why := o.barred(); why != "" && why != audit.ReasonNoPassword ||
		o.state.Mark != mark(o.account.PasswordHash) || o.state.Epoch != o.security.Epoch {
		return ErrFlowInvalid
	}
	return nil
}

// advance stores the state; of two requests at once one wins.
func (o *openFlow) advance(ctx context.Context) error {
	next := o.stored
	next.Step++
	var err error
	if next.Data, err = o.s.sealFlow(next, o.state); err != nil {
		return o.unavailable(ctx, "seal the flow", err)
	}
	won, err := o.s.config.Stores.Flows.Advance(ctx, o.stored.Digest, o.stored.Step, next)
	switch {
	case err != nil:
		return o.unavailable(ctx, "advance the flow", err)
	case !won:
		return ErrFlowInvalid
	}
	o.stored = next
	return nil
}

// Challenge begins one of the factors that the login asks for: a code is sent,
// or options are returned for the browser to show. Each factor of an account is
// challenged at most 5 times in 10 minutes from unknown browsers together, and as
// often from each known one.
func (f *Flow) Challenge(ctx context.Context, factor string) (map[string]any, error) {
	o, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	if !o.offers(factor) {
		return nil, ErrFlowInvalid
	}
	if err := o.draw(ctx, o.s.limits.challenges.Key(o.tenant.ID, o.account.ID, factor, o.device)); err != nil {
		return nil, err
	}
	c, err := o.s.config.Factors.Challenge(ctx, o.view(), factor)
	if err != nil {
		if CodeOf(err) != CodeUnavailable {
			return nil, err
		}
		return nil, o.unavailable(ctx, "begin the factor", err)
	}
	if o.state.States == nil {
		o.state.States = map[string][]byte{}
	}
	o.state.States[factor] = c.State
	if err := o.advance(ctx); err != nil {
		return nil, err
	}
	return c.Show, nil
}

func (o *openFlow) offers(factor string) bool {
	return o.state.Need && o.s.config.Factors != nil &&
		slices.ContainsFunc(o.state.Factors, func(i FactorInfo) bool { return i.ID == factor })
}

// Answer responds to a factor. Each response is an attempt on the same ladder
// as passwords, counted before it is verified. A wrong one is
// [ErrInvalidCredentials]; [*IncompleteError] means that more is needed, or that
// the factor is still pending.
func (f *Flow) Answer(ctx context.Context, factor, response string) (*SignIn, error) {
	o, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	if !o.offers(factor) || len(response) > 64<<10 {
		return nil, ErrFlowInvalid
	}
	if o.state.Pending > maxPending || o.now.Before(o.state.Asked.Add(pendingEvery)) {
		return nil, &RateLimitedError{RetryAfter: pendingEvery}
	}
	verdict, err := o.verifyFactor(ctx, factor, response)
	if err != nil {
		return nil, err
	}
	if verdict.Pending {
		if err := o.refund(ctx); err != nil {
			return nil, err
		}
		o.state.Pending, o.state.Asked = o.state.Pending+1, o.now
		if err := o.advance(ctx); err != nil {
			return nil, err
		}
		return nil, incomplete(o.token, o.stored, o.state)
	}
	o.state.Need, o.state.States = false, nil
	o.state.Methods = append(o.state.Methods, session.Factor{Method: verdict.Method, Time: o.now})
	o.state.Level = max(o.state.Level, verdict.Level)
	o.state.Caps = append(o.state.Caps, "factor:"+factor)
	return o.goOn(ctx)
}

// verifyFactor counts, verifies and answers everything but success and pending.
func (o *openFlow) verifyFactor(ctx context.Context, factor, response string) (Verdict, error) {
	lane, top := o.s.lane(o.login), o.s.limits.cap.Key(o.tenant.ID, o.account.ID, "factor:"+factor)
	// The password was proven: a closed lane may be told.
	a := attempt{open: []lockout.Key{lane}, quiet: []lockout.Key{top}, own: []lockout.Key{lane, top}}
	a.lane, a.laneFree, a.top = lane, o.s.laneFree(o.login), top
	if o.device == "" {
		a.back = o.s.limits.sources(o.client.IP)
		a.open = append(slices.Clone(a.back), lane)
		a.extra = []lockout.Key{o.typed()}
		a.own = append(a.own, o.typed())
	}
	capped, err := o.s.reserve(ctx, o.login, "", a)
	if err != nil {
		return Verdict{}, err
	}
	if capped {
		return Verdict{}, o.refuse(ctx, audit.ReasonCapped)
	}
	v, err := o.s.config.Factors.Verify(ctx, o.view(), factor, o.state.States[factor], response)
	if err != nil {
		if err := o.refund(ctx); err != nil {
			return Verdict{}, err
		}
		return Verdict{}, o.unavailable(ctx, "verify the factor", err)
	}
	if !v.Accepted && !v.Pending {
		return Verdict{}, o.refuse(ctx, audit.ReasonWrongCode)
	}
	return v, nil
}

// goOn finishes the login when nothing is left to do. Whoever ends the flow
// issues; the loser of a race finds it gone.
func (o *openFlow) goOn(ctx context.Context) (*SignIn, error) {
	if o.state.Need || len(o.state.Actions) > 0 {
		if err := o.refund(ctx); err != nil {
			return nil, err
		}
		if err := o.advance(ctx); err != nil {
			return nil, err
		}
		return nil, incomplete(o.token, o.stored, o.state)
	}
	won, err := o.s.config.Stores.Flows.End(ctx, o.stored.Digest, o.stored.Step)
	switch {
	case err != nil:
		return nil, o.unavailable(ctx, "end the flow", err)
	case !won:
		return nil, ErrFlowInvalid
	}
	o.methods, o.level = o.state.Methods, o.state.Level
	in, err := o.issue(ctx)
	if err != nil {
		return nil, err
	}
	o.clearPassword(ctx)
	return in, nil
}

// typed is the counter of the identifier that began this login.
func (o *openFlow) typed() lockout.Key { return o.s.limits.identifier.Key(o.tenant.ID, o.identifier) }

// clearPassword clears the cap of the password that an earlier request proved,
// and whose reservation it gave back.
func (o *openFlow) clearPassword(ctx context.Context) {
	if !slices.Contains(o.state.Caps, authenticatorPassword) {
		return
	}
	ctx = context.WithoutCancel(ctx)
	top := o.s.limits.cap.Key(o.tenant.ID, o.account.ID, authenticatorPassword)
	a, err := lockout.Try(ctx, "", top)
	if err == nil {
		err = a.Succeed(ctx)
	}
	if err != nil {
		o.s.config.Logger.ErrorContext(ctx, "auth: the failures before a finished login stay counted", "error", err)
	}
}

// Act does the first of the actions that the login asks for. Input that can't
// be used ([*password.RejectedError], [*MalformedError]) leaves the flow as it
// was; for [ActionChangePassword] it is {"new": …}. There are 10 tries.
func (f *Flow) Act(ctx context.Context, action string, input map[string]string) (*SignIn, error) {
	o, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	if o.state.Need || len(o.state.Actions) == 0 || o.state.Actions[0] != action {
		return nil, ErrFlowInvalid
	}
	if err := o.reserveFinish(ctx); err != nil {
		return nil, err
	}
	in, err := o.act(ctx, action, input)
	if err != nil && CodeOf(err) != CodeIncomplete { // goOn gave it back otherwise
		if err := o.refund(ctx); err != nil {
			return nil, err
		}
	}
	return in, err
}

// reserveFinish counts this request on the counters that the login clears if it
// is finished by an action, so that what is counted meanwhile stays. A closed
// one refuses nothing: there is nothing here to guess.
func (o *openFlow) reserveFinish(ctx context.Context) error {
	a := attempt{extra: []lockout.Key{o.s.lane(o.login)}}
	if o.device == "" {
		a.extra = append(a.extra, o.typed())
	}
	a.own = a.extra
	_, err := o.s.reserve(ctx, o.login, "", a)
	return err
}

func (o *openFlow) act(ctx context.Context, action string, input map[string]string) (*SignIn, error) {
	if err := o.draw(ctx, o.s.limits.choices.Key(digestText(o.stored.Digest))); err != nil {
		return nil, err
	}
	if action == ActionChangePassword {
		if err := o.changePassword(ctx, input["new"]); err != nil {
			return nil, err
		}
	} else {
		i := slices.IndexFunc(o.s.config.Actions, func(a Action) bool { return a.Name() == action })
		if i < 0 {
			return nil, ErrFlowInvalid
		}
		if err := o.s.config.Actions[i].Do(ctx, o.view(), input); err != nil {
			if CodeOf(err) != CodeUnavailable {
				return nil, err
			}
			return nil, o.unavailable(ctx, "do the action", err)
		}
	}
	o.state.Actions = o.state.Actions[1:]
	return o.goOn(ctx)
}

// CheckPassword tells whether a password would do, for a login that asks for
// [ActionChangePassword]. It is limited to 60 questions a minute for each login.
func (f *Flow) CheckPassword(ctx context.Context, pw string) (StrengthCheck, error) {
	o, err := f.open(ctx)
	if err != nil {
		return StrengthCheck{}, err
	}
	if err := o.s.question(ctx, digestText(o.stored.Digest)); err != nil {
		return StrengthCheck{}, err
	}
	return o.s.judge(&passwordChange{tenant: o.tenant, account: o.account, security: o.security, client: o.client, new: pw})
}

// changePassword replaces an expired or rejected password inside the login.
func (o *openFlow) changePassword(ctx context.Context, pw string) error {
	change := passwordChange{tenant: o.tenant, account: o.account, security: o.security, new: pw, client: o.client}
	failed := o.s.setPassword(ctx, &change)
	if !change.done {
		return failed
	}
	o.account, o.security = change.account, change.security
	o.state.Mark, o.state.Epoch = mark(o.account.PasswordHash), o.security.Epoch
	ctx = context.WithoutCancel(ctx)
	_, ended := o.s.sessions.End(ctx, session.Filter{Tenant: o.tenant.ID, Account: o.account.ID})
	return errors.Join(failed, storeError("end the sessions of the old password", ended), o.s.passwordChanged(ctx, &change, o.event()))
}

// digestText is a digest as part of a counter's key.
func digestText(d Digest) string { return base64.RawURLEncoding.EncodeToString(d[:]) }
