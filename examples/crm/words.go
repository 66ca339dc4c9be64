package main

import (
	"fmt"
	"strings"
)

// The languages of the pages, as auth.Language names them.
const (
	english = "en"
	chinese = "zh-CN"
)

// translate returns a text in the reader's language, with the arguments that its
// verbs name. The English text is what the others are found by; one that nobody
// translated is an error, which tests find.
func translate(lang, text string, args ...any) (string, error) {
	if lang == chinese {
		translated, ok := inChinese[text]
		if !ok {
			return "", fmt.Errorf("crm: no Chinese for %q", text)
		}
		text = translated
	}
	if len(args) == 0 {
		return text, nil
	}
	return fmt.Sprintf(text, args...), nil
}

// browserName makes something readable of a user agent: enough for people to
// recognise their own browsers, and believed for nothing else.
func browserName(lang, userAgent string) (string, error) {
	browser := first(userAgent, "MicroMessenger/", "WeChat", "DingTalk/", "DingTalk", "Edg/", "Edge", "Firefox/", "Firefox",
		"HeadlessChrome/", "Chrome", "Chrome/", "Chrome", "Safari/", "Safari", "curl/", "curl")
	system := first(userAgent, "Windows", "Windows", "Android", "Android", "iPhone", "iPhone", "iPad", "iPad",
		"Mac OS X", "macOS", "Linux", "Linux")
	switch {
	case browser == "" && system == "":
		return translate(lang, "Unknown browser")
	case browser == "" || system == "":
		return browser + system, nil
	}
	return translate(lang, "%s on %s", browser, system)
}

// first returns the name behind the first of the marks that a text contains.
func first(text string, marksAndNames ...string) string {
	for i := 0; i < len(marksAndNames); i += 2 {
		if strings.Contains(text, marksAndNames[i]) {
			return marksAndNames[i+1]
		}
	}
	return ""
}

// inChinese translates every text of the pages.
var inChinese = map[string]string{
	// everywhere
	"CRM":               "客户管理",
	"Overview":          "概览",
	"Your account":      "我的账号",
	"Accounts":          "账号管理",
	"Sign out":          "退出登录",
	"Skip to content":   "跳到正文",
	"Main menu":         "主菜单",
	"To the start page": "返回首页",
	"That did not work": "操作未完成",
	"Repeat it":         "再输入一次",
	"Password":          "密码",
	"New password":      "新密码",
	"Current password":  "当前密码",
	"Name":              "姓名",
	"%s on %s":          "%s（%s）",
	"Unknown browser":   "未知浏览器",
	"This demonstration keeps everything in one SQLite file.": "本演示系统的全部数据保存在一个 SQLite 文件中。",

	// signing in
	"Sign in":                          "登录",
	"Account":                          "账号",
	"User name or e-mail":              "用户名或邮箱",
	"This is a public computer":        "这是公共电脑",
	"Shorter session, not remembered.": "会话时间更短，且不会记住此浏览器。",
	"Continue":                         "继续",
	"Your password has expired. Choose a new one to finish signing in.": "您的密码已过期，请设置新密码以完成登录。",

	// passwords
	"Choose a new password":            "设置新密码",
	"Choose your first password":       "设置初始密码",
	"Set password":                     "设置密码",
	"For %s":                           "账号：%s",
	"This link serves once, until %s.": "此链接仅可使用一次，有效期至 %s。",
	"At least %d characters. A few unrelated words, with spaces, are easy to remember and hard to guess.": "至少 %d 个字符。几个互不相关的词（可含空格）既好记又难猜。",
	"At least %d characters of %d kinds: lower case, capitals, digits, others.":                           "至少 %d 个字符，包含小写字母、大写字母、数字、其他字符中的至少 %d 类。",
	"It lasts %d days; the last %d can't be used again.":                                                  "有效期 %d 天；不能与最近 %d 次使用的密码相同。",

	// confirming
	"Confirm that it is you":                                "请确认是您本人",
	"Please type your password again before you go on, %s.": "%s，请再次输入密码后继续。",
	"Confirm": "确认",

	// the customers and deals
	"Customers":         "客户",
	"Deals":             "商机",
	"Open deals":        "进行中的商机",
	"Pipeline":          "在谈金额",
	"Won":               "已赢单金额",
	"Customer":          "客户",
	"City":              "城市",
	"Contact":           "联系人",
	"Owner":             "负责人",
	"Since":             "建档日期",
	"Deal":              "商机",
	"Amount":            "金额",
	"Amount in yuan":    "金额（元）",
	"Stage":             "阶段",
	"Add a customer":    "新增客户",
	"Add a deal":        "新增商机",
	"Add":               "添加",
	"Move":              "更新",
	"Export everything": "导出全部数据",
	"Nothing here yet.": "暂无数据。",
	"lead":              "线索",
	"offer":             "报价",
	"negotiation":       "谈判",
	"won":               "赢单",
	"lost":              "输单",
	"Company":           "公司名称",
	"Your account has no role yet. Ask an administrator.": "您的账号尚未分配角色，请联系管理员。",

	// the own account
	"Sessions":                 "登录会话",
	"Where you are signed in.": "您当前登录的位置。",
	"This session":             "当前会话",
	"End":                      "结束",
	"Sign out everywhere else": "退出其他所有会话",
	"Signed in %s":             "登录于 %s",
	"last seen %s":             "最近活动 %s",
	"until %s at the latest":   "最晚至 %s",
	"Known devices":            "已知设备",
	"Browsers that stay able to sign in while strangers try your account.": "当陌生人尝试登录您的账号时，这些浏览器仍可正常登录。",
	"This device":              "当前设备",
	"Remove":                   "移除",
	"No device is remembered.": "没有已记住的设备。",
	"Known since %s":           "记住于 %s",
	"Change password":          "修改密码",
	"All other sessions end.":  "修改后，其他会话将全部结束。",
	"public computer":          "公共电脑",
	"Roles":                    "角色",

	// administration
	"Search":              "搜索",
	"Beginning of a name": "账号开头",
	"State":               "状态",
	"Actions":             "操作",
	"active":              "正常",
	"invited":             "已邀请",
	"suspended":           "已停用",
	"you":                 "您",
	"Suspend":             "停用",
	"Resume":              "恢复",
	"Unlock":              "解锁",
	"New password link":   "发送改密链接",
	"Invite again":        "重新邀请",
	"End sessions":        "结束会话",
	"Next page":           "下一页",
	"Invite somebody":     "邀请新成员",
	"E-mail":              "邮箱",
	"Role":                "角色",
	"Invite":              "发送邀请",
	"They get a link to choose a password. Nobody else ever learns it.": "对方将收到设置密码的链接，其他任何人都不会知道该密码。",
	"sales":   "销售",
	"manager": "经理",
	"admin":   "管理员",

	// what was done
	"Your new password is set. All other sessions have ended.": "新密码已设置，其他会话均已结束。",
	"Your password is set. Please sign in.":                    "密码已设置，请登录。",
	"You have signed out.":                                     "您已退出登录。",
	"The session has ended.":                                   "会话已结束。",
	"You are signed out everywhere else.":                      "您已退出其他所有会话。",
	"The device was removed.":                                  "设备已移除。",
	"It was added.":                                            "已添加。",
	"The deal was moved.":                                      "商机阶段已更新。",
	"The invitation is on its way.":                            "邀请已发出。",
	"The account is suspended and its sessions have ended.":    "账号已停用，其会话均已结束。",
	"The account may sign in again.":                           "该账号已恢复，可以登录。",
	"The account is unlocked.":                                 "账号已解锁。",
	"A link to choose a new password is on its way.":           "设置新密码的链接已发出。",
	"All sessions of the account have ended.":                  "该账号的会话均已结束。",
	"Thank you. Now send the form again.":                      "验证成功，请重新提交刚才的操作。",

	// what went wrong
	"This password can't be used.":   "该密码不符合要求。",
	"The two entries differ.":        "两次输入的密码不一致。",
	"The current password is wrong.": "当前密码错误。",
	"The password is wrong.":         "密码错误。",
	"Please fill in every field.":    "请填写所有字段。",
}
