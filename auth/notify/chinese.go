package notify

// chinese is never written to.
var chinese = locale{
	tag: "zh-CN", subject: "【%s】%s", colon: "：",
	when: "时间", address: "IP 地址", place: "地点", deviceFact: "设备",
	letters: map[Kind]letter{
		Invitation: {
			subject: "请设置密码",
			lines: []string{
				"{{with .Product}}{{.}} {{end}}已为您创建账号{{with .Identifier}}（{{.}}）{{end}}。",
				"请打开链接设置密码。链接只能使用一次{{with .Expires}}，有效期至 {{.}}{{end}}。",
			},
			action: "设置密码",
			after:  []string{"如果这封邮件与您无关，请忽略。请勿将链接转发给他人。"},
			sms:    "{{with .Product}}【{{.}}】{{end}}请打开链接设置密码，链接只能使用一次：{{.Link}}",
		},
		PasswordReset: {
			subject: "请设置新密码",
			lines: []string{
				"请打开链接，为您的账号{{with .Identifier}}（{{.}}）{{end}}设置新密码。链接只能使用一次{{with .Expires}}，有效期至 {{.}}{{end}}。",
				"在此之前，现有密码保持不变。设置新密码后，所有会话都会结束。",
			},
			action: "设置新密码",
			after:  []string{"如果这封邮件与您无关，请忽略。请勿将链接转发给他人。"},
			sms:    "{{with .Product}}【{{.}}】{{end}}请打开链接设置新密码，链接只能使用一次：{{.Link}}",
		},
		NewDevice: {
			subject: "您的账号在新设备上登录",
			lines:   []string{"您的账号{{with .Identifier}}（{{.}}）{{end}}在一台未曾使用过的设备上登录。"},
			facts:   allFacts,
			action:  "不是我本人",
			after: []string{
				"如果是您本人操作，无需处理。",
				"如果不是，请立即修改密码，结束其他会话，并通知管理员。",
			},
			sms: "{{with .Product}}【{{.}}】{{end}}您的账号在新设备上登录。如非本人操作，请立即修改密码。",
		},
		PasswordChanged: {
			subject: "您的密码已修改",
			lines:   []string{"您的账号{{with .Identifier}}（{{.}}）{{end}}的密码已修改，其他会话均已结束。"},
			facts:   allFacts,
			action:  "不是我本人",
			after: []string{
				"如果是您本人操作，无需处理。",
				"如果不是，您的账号可能已被他人控制：请在登录页面重新设置密码，并通知管理员。",
			},
			sms: "{{with .Product}}【{{.}}】{{end}}您的密码已修改。如非本人操作，请立即通知管理员。",
		},
		Locked: {
			subject: "登录失败次数过多",
			lines: []string{
				"有人多次尝试登录您的账号{{with .Identifier}}（{{.}}）{{end}}，均未成功。",
				"{{with .Until}}在 {{.}} 之前{{else}}一段时间内{{end}}，未知设备无法登录；您使用过的设备不受影响。",
			},
			facts:  whenAndWhere,
			action: "重新设置密码",
			after: []string{
				"如果是您本人操作，请换用以前使用过的设备，或稍后再试。",
				"如果不是，对方并未登录成功。请确认此密码没有在其他地方使用。",
			},
			sms: "{{with .Product}}【{{.}}】{{end}}您的账号登录失败次数过多，{{with .Until}}在 {{.}} 之前{{else}}一段时间内{{end}}未知设备无法登录。",
		},
		Suspended: {
			subject: "您的账号已停用",
			lines:   []string{"您的账号{{with .Identifier}}（{{.}}）{{end}}已停用{{with .Until}}，至 {{.}}{{end}}。所有会话均已结束。"},
			action:  "了解详情",
			after:   []string{"如有疑问，请联系管理员。"},
			sms:     "{{with .Product}}【{{.}}】{{end}}您的账号已停用{{with .Until}}，至 {{.}}{{end}}。如有疑问，请联系管理员。",
		},
		Resumed: {
			subject: "您的账号已恢复使用",
			lines:   []string{"您的账号{{with .Identifier}}（{{.}}）{{end}}已恢复使用，可以重新登录。"},
			action:  "登录",
			after:   []string{"如有疑问，请联系管理员。"},
			sms:     "{{with .Product}}【{{.}}】{{end}}您的账号已恢复使用，可以重新登录。",
		},
	},
}
