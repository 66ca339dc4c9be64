package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/crmauth/crmauth/lockout"
	"github.com/crmauth/crmauth/password"
)

// languages are those of the catalogue; the first one is the fallback.
var languages = []language.Tag{language.English, language.MustParse("zh-CN")}

var matcher = language.NewMatcher(languages)

// Language returns "en" or "zh-CN", whichever fits best the wishes given: BCP 47
// tags or whole Accept-Language values, the most important first.
func Language(wishes ...string) string { return languages[languageIndex(wishes...)].String() }

func languageIndex(wishes ...string) int {
	var tags []language.Tag
	for _, w := range wishes[:min(len(wishes), 4)] { // bounded: parsing costs time
		if len(w) > 256 {
			continue
		}
		if t, _, err := language.ParseAcceptLanguage(w); err == nil {
			tags = append(tags, t...)
		}
	}
	_, i, _ := matcher.Match(tags...)
	return i
}

// Message is what a person is told about an error, in the language that fits
// the wishes; "" for nil. It depends on the error's code and data only: never on
// its text, which is for the log. Of a [*password.RejectedError] it tells every
// violation, of a [*RateLimitedError] or [*OverloadedError] how long to wait.
func Message(err error, wishes ...string) string {
	if err == nil {
		return ""
	}
	lang := languageIndex(wishes...)
	code := CodeOf(err)
	if r, ok := errors.AsType[*password.RejectedError](err); ok {
		var lines []string
		for _, v := range r.Violations {
			lines = append(lines, violationText(v, lang))
		}
		return strings.Join(lines, " ")
	}
	if m, ok := errors.AsType[*MaintenanceError](err); ok {
		for _, key := range []string{languages[lang].String(), []string{"en", "zh"}[lang]} {
			if text := m.Message[key]; text != "" {
				return text
			}
		}
	}
	text := catalogue[CodeUnavailable][lang]
	if texts, ok := catalogue[code]; ok {
		text = texts[lang]
	}
	if l, ok := errors.AsType[*RateLimitedError](err); ok {
		text += waitText(l.RetryAfter, lang)
	}
	if o, ok := errors.AsType[*OverloadedError](err); ok {
		text += waitText(o.RetryAfter, lang)
	}
	return text
}

// waitText says when to try again, in whole units, rounded up; nothing where no
// waiting helps.
func waitText(d time.Duration, lang int) string {
	texts, unit := [2]string{" You can try again in %d seconds.", "请在 %d 秒后重试。"}, time.Second
	switch {
	case d <= 0 || d == lockout.Never:
		return ""
	case d > 90*time.Minute:
		texts, unit = [2]string{" You can try again in %d hours.", "请在 %d 小时后重试。"}, time.Hour
	case d > 90*time.Second:
		texts, unit = [2]string{" You can try again in %d minutes.", "请在 %d 分钟后重试。"}, time.Minute
	}
	n := int64(d / unit)
	if d%unit > 0 {
		n++
	}
	return fmt.Sprintf(texts[lang], n)
}

// ViolationMessage is what a person is told about one violation of the password
// policy.
func ViolationMessage(v password.Violation, wishes ...string) string {
	return violationText(v, languageIndex(wishes...))
}

var catalogue = map[Code][2]string{
	CodeInvalidCredentials: {"The name or the password is wrong.", "账号或密码错误。"},
	CodeIncomplete:         {"One more step is needed to sign in.", "还需要一步才能完成登录。"},
	CodeRateLimited:        {"Too many attempts.", "尝试次数过多。"},
	CodeOverloaded:         {"The system is very busy.", "系统繁忙。"},
	CodeMaintenance:        {"Signing in is closed for maintenance.", "系统维护中，暂时不能登录。"},
	CodeRefused:            {"Signing in is not permitted from here or at this time.", "当前环境或时间不允许登录。"},
	CodeAttemptReplayed:    {"This form was already used. Please sign in again.", "该表单已被使用，请重新登录。"},
	CodeSessionRequired:    {"Please sign in.", "请先登录。"},
	CodeReauthentication:   {"Please confirm that it is you.", "请再次验证您的身份。"},
	CodeForbidden:          {"You are not allowed to do this.", "您没有执行此操作的权限。"},
	CodePasswordRejected:   {"This password can't be used.", "该密码不符合要求。"},
	CodeTokenInvalid:       {"This link is no longer valid. Please ask for a new one.", "该链接已失效，请重新申请。"},
	CodeFlowInvalid:        {"This sign-in has expired. Please begin again.", "本次登录已过期，请重新开始。"},
	CodeMalformed:          {"The input is incomplete or not valid.", "输入不完整或无效。"},
	CodeTooLarge:           {"The input is too large.", "输入内容过大。"},
	CodeNotFound:           {"It was not found.", "未找到。"},
	CodeExists:             {"It exists already.", "已存在。"},
	CodeConflict:           {"It was changed at the same time. Please try again.", "数据已被同时修改，请重试。"},
	CodeLastAdministrator:  {"This is the last active administrator.", "这是最后一位有效的管理员。"},
	CodeUnsupported:        {"This installation can't do that.", "当前系统不支持此操作。"},
	CodeUnavailable:        {"Something failed on our side. Please try again later.", "服务暂时不可用，请稍后重试。"},
}

var violationTexts = map[password.Code][2]string{
	password.CodeTooShort:        {"It needs at least {min} characters.", "至少需要 {min} 个字符。"},
	password.CodeTooLong:         {"It may have at most {max} characters.", "最多 {max} 个字符。"},
	password.CodeInvalidEncoding: {"It contains characters that can't be read.", "包含无法识别的字符。"},
	password.CodeCommon:          {"It is made of words that are common in passwords.", "由密码中常见的词语组成。"},
	password.CodeContext:         {"It is made of names of this place or product.", "由本系统或公司的名称组成。"},
	password.CodePersonal:        {"It is made of what others know about you, such as a name, address or birthday.", "由他人可能知道的个人信息（姓名、邮箱、生日等）组成。"},
	password.CodeSequence:        {"It is made of sequences such as abcd or 4321.", "由 abcd、4321 之类的连续字符组成。"},
	password.CodeKeyboard:        {"It is made of neighbouring keys such as qwerty.", "由 qwerty 之类的相邻按键组成。"},
	password.CodeRepeated:        {"It repeats the same part.", "由重复的内容组成。"},
	password.CodeNumber:          {"It is made of dates or short numbers.", "由日期或短数字组成。"},
	password.CodeComposition:     {"It needs at least {need} of these {of}: lower case, capitals, digits, other characters.", "需包含小写字母、大写字母、数字、其他字符这 {of} 类中的至少 {need} 类。"},
	password.CodeReused:          {"It is one of your last {last} passwords.", "与最近 {last} 次使用的密码相同。"},
	password.CodeBreached:        {"It appears in leaked data, where attackers find it.", "已出现在泄露的数据中，容易被攻击者猜到。"},
}

func violationText(v password.Violation, lang int) string {
	texts, ok := violationTexts[v.Code]
	if !ok {
		return catalogue[CodePasswordRejected][lang]
	}
	text := texts[lang]
	for name, value := range v.Params {
		text = strings.ReplaceAll(text, "{"+name+"}", fmt.Sprint(value))
	}
	return text
}
