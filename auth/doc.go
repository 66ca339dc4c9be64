// Package auth runs the whole login of an application: it finds the account,
// counts the attempt, verifies the password, asks for what else is needed, and
// opens the session. It composes packages password, lockout and session.
//
// Most programs need two calls. [New] takes where things are kept, the keys and
// who sends messages; every option left out is the secure one:
//
//	svc, err := auth.New(auth.Config{BaseURL: "https://crm.example.com", Stores: stores, Keys: keys, Notifier: mail})
//
// and [Service.Login] signs somebody in. A nil error means signed in; nothing
// else does:
//
//	in, err := svc.Login(ctx, auth.Credentials{Identifier: name, Password: pw}, client)
//
// Over HTTP, package authhttp makes both calls.
//
// # By what the caller has proven
//
// The methods of [Service] are for whoever has proven nothing or holds a token.
// [Service.Self] is for somebody with a session, [Service.Admin] for an
// administrator, [Service.Flow] continues a login that needs a further step,
// and [Service.Recovery] redeems one-time links. No function here makes a
// session from an account's id.
//
// # How a login runs
//
// One pipeline serves every way in. The identifier is brought to its one
// canonical form and the account is looked up; gates that know no account are
// passed; one attempt is reserved in every counter it concerns, before anything
// is verified; the credential is verified, with the same work and the same
// answer for accounts that don't exist, are disabled or have no password; the
// rules and the risk assessment may raise the bar; a factor or an action that is
// still needed suspends the login into a flow; and one function issues the
// session, reads the account again and ends the session if anything changed.
//
// # Attempts
//
// A browser that signed in before holds a device key and has a counter of its
// own; all unknown browsers of an account share one. So strangers can close
// their way in, never the owner's. Counters are of the account, whichever of
// its identifiers was typed; of the typed identifier, whether or not it exists;
// and of the source network. Doing nothing is a failure: only a finished login
// clears, and only its own counters. See [Limits].
//
// # Answers and records
//
// Errors carry a stable [Code]; [CodeOf] finds it, [Message] renders it in
// English or Chinese. The true reason of a refusal goes to the audit alone,
// before the answer; what can't be recorded is refused.
//
// # Revocation
//
// Ending a session, by logout, suspension or a change of the password, holds on
// every node once the call has returned: each check reads the session from the
// store.
package auth
