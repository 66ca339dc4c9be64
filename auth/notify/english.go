package notify

// english is never written to.
var english = locale{
	tag: "en", subject: "[%s] %s", colon: ": ",
	when: "Time", address: "IP address", place: "Place", deviceFact: "Device",
	letters: map[Kind]letter{
		Invitation: {
			subject: "Set your password",
			lines: []string{
				"An account{{with .Identifier}} ({{.}}){{end}} was made for you{{with .Product}} in {{.}}{{end}}.",
				"Open the link to set its password. The link works once{{with .Expires}}, until {{.}}{{end}}.",
			},
			action: "Set password",
			after:  []string{"If you did not expect this message, you can ignore it. Don't pass the link on."},
			sms:    "{{with .Product}}{{.}}: {{end}}Set your password here; the link works once: {{.Link}}",
		},
		PasswordReset: {
			subject: "Set a new password",
			lines: []string{
				"Open the link to set a new password for your account{{with .Identifier}} ({{.}}){{end}}. The link works once{{with .Expires}}, until {{.}}{{end}}.",
				"Until then the present password stays as it is. When a new one is set, all sessions end.",
			},
			action: "Set a new password",
			after:  []string{"If you did not expect this message, you can ignore it. Don't pass the link on."},
			sms:    "{{with .Product}}{{.}}: {{end}}Set a new password here; the link works once: {{.Link}}",
		},
		NewDevice: {
			subject: "New sign-in to your account",
			lines:   []string{"Your account{{with .Identifier}} ({{.}}){{end}} was used on a device that was not known before."},
			facts:   allFacts,
			action:  "This was not me",
			after: []string{
				"If this was you, there is nothing to do.",
				"If it was not, change your password now, end the other sessions, and tell your administrator.",
			},
			sms: "{{with .Product}}{{.}}: {{end}}Your account was used on a new device. If this was not you, change your password now.",
		},
		PasswordChanged: {
			subject: "Your password was changed",
			lines:   []string{"The password of your account{{with .Identifier}} ({{.}}){{end}} was changed. All other sessions were ended."},
			facts:   allFacts,
			action:  "This was not me",
			after: []string{
				"If this was you, there is nothing to do.",
				"If it was not, somebody else may have your account: set a new password by the sign-in page, and tell your administrator.",
			},
			sms: "{{with .Product}}{{.}}: {{end}}Your password was changed. If this was not you, tell your administrator now.",
		},
		Locked: {
			subject: "Too many failed sign-ins",
			lines: []string{
				"Somebody tried too often to sign in to your account{{with .Identifier}} ({{.}}){{end}} and failed.",
				"Sign-in from unknown devices is closed{{with .Until}} until {{.}}{{else}} for a while{{end}}. Devices you have used before still work.",
			},
			facts:  whenAndWhere,
			action: "Set a new password",
			after: []string{
				"If this was you, use a device you have used before, or wait.",
				"If it was not, nobody got in. Use a password here that you use nowhere else.",
			},
			sms: "{{with .Product}}{{.}}: {{end}}Too many failed sign-ins to your account. Unknown devices are closed out{{with .Until}} until {{.}}{{else}} for a while{{end}}.",
		},
		Suspended: {
			subject: "Your account was suspended",
			lines:   []string{"Your account{{with .Identifier}} ({{.}}){{end}} was suspended{{with .Until}} until {{.}}{{end}}. Its sessions were ended."},
			action:  "More about this",
			after:   []string{"If you have questions, ask your administrator."},
			sms:     "{{with .Product}}{{.}}: {{end}}Your account was suspended{{with .Until}} until {{.}}{{end}}. If you have questions, ask your administrator.",
		},
		Resumed: {
			subject: "Your account can be used again",
			lines:   []string{"Your account{{with .Identifier}} ({{.}}){{end}} is no longer suspended. You can sign in again."},
			action:  "Sign in",
			after:   []string{"If you have questions, ask your administrator."},
			sms:     "{{with .Product}}{{.}}: {{end}}Your account is no longer suspended. You can sign in again.",
		},
	},
}
