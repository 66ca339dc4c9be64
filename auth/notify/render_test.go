package notify_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crmauth/crmauth/auth/notify"
)

var kinds = []notify.Kind{
	notify.Invitation, notify.NewDevice, notify.PasswordChanged, notify.Locked, notify.Suspended, notify.Resumed,
}

var han = regexp.MustCompile(`\p{Han}`)

func TestEveryKindInEveryLanguageAndChannel(t *testing.T) {
	leftover := regexp.MustCompile(`\{\{|\}\}|<no value>|%!|account_|new_device|ZgotmplZ`)
	for _, kind := range kinds {
		for _, locale := range []string{"en", "zh-CN"} {
			for _, full := range []bool{true, false} {
				m := invitation()
				m.Kind, m.Locale = kind, locale
				if !full {
					m.Params, m.Expires = notify.Params{}, time.Time{}
				}
				subject, text, html, err := notify.Render(m)
				require.NoError(t, err)
				m.Channel, m.To = notify.SMS, "13800138000"
				none, sms, noHTML, err := notify.Render(m)
				require.NoError(t, err)
				assert.Empty(t, none+noHTML)
				for _, out := range []string{subject, text, html, sms} {
					assert.NotRegexp(t, leftover, out)
					assert.Equal(t, locale == "zh-CN", han.MatchString(out), out)
					assert.Equal(t, full, strings.Contains(out, "Acme CRM"), out)
				}
				assert.Contains(t, text, m.Link.Reveal())
				assert.Contains(t, html, `href="`+m.Link.Reveal()+`"`)
				assert.Equal(t, kind == notify.Invitation, strings.Contains(sms, m.Link.Reveal()))
				assert.NotContains(t, sms, "\n")
				assert.Contains(t, html, `<html lang="`+locale+`">`)
				assert.Equal(t, full, strings.Contains(text, "li.na"))

				m = invitation()
				m.Kind, m.Locale = kind, locale
				if kind != notify.Invitation {
					m.Link = notify.Secret{}
					_, text, html, err = notify.Render(m)
					require.NoError(t, err)
					assert.NotContains(t, text, "https://")
					assert.NotContains(t, html, "<a ")
				}
			}
		}
	}
}

func TestLocaleIsMatchedNotCompared(t *testing.T) {
	for locale, chinese := range map[string]bool{
		"": false, "en": false, "en-US": false, "fr": false, "xx": false, "not a locale!": false, "*": false,
		"zh": true, "zh-CN": true, "zh_CN": true, "zh-TW": true, "zh-Hant-HK": true, "zh-SG": true,
		"fr,zh;q=0.5": true, "zh-TW,zh;q=0.9,en;q=0.8": true, "en,zh;q=0.8": false, "cmn": true,
	} {
		m := invitation()
		m.Locale = locale
		subject, _, _, err := notify.Render(m)
		require.NoError(t, err, locale)
		assert.Equal(t, chinese, han.MatchString(subject), "%s: %s", locale, subject)
	}
}

func TestRenderTextInFull(t *testing.T) {
	m := invitation()
	m.Kind, m.Link = notify.NewDevice, notify.Secret{}
	subject, text, _, err := notify.Render(m)
	require.NoError(t, err)
	assert.Equal(t, "[Acme CRM] New sign-in to your account", subject)
	assert.Equal(t, `Your account (li.na) was used on a device that was not known before.

  Time: 2026-11-02 12:00 (UTC+08:00)
  IP address: 192.0.2.1
  Place: Shanghai
  Device: Firefox, Windows

If this was you, there is nothing to do.

If it was not, change your password now, end the other sessions, and tell your administrator.

Acme CRM
`, text)
	m.Locale = "zh"
	subject, _, _, err = notify.Render(m)
	require.NoError(t, err)
	assert.Equal(t, "【Acme CRM】您的账号在新设备上登录", subject)
}

func TestHostileParams(t *testing.T) {
	m := invitation()
	m.Kind = notify.PasswordChanged
	m.Params.Identifier = "x\r\nBcc: a@b\x00<script>alert(1)</script>"
	m.Params.Device = ""
	m.Params.Place = "\u202e" + strings.Repeat("长", 1000)
	m.Params.UserAgent = "<img src=x>\n\n\x1b[31m http://evil.example " + strings.Repeat("A", 100_000)
	subject, text, html, err := notify.Render(m)
	require.NoError(t, err, "what a client sends must not suppress a warning")
	assert.NotContains(t, html, "<script>")
	assert.NotContains(t, html, "<img")
	assert.NotContains(t, text, "://evil")
	assert.Less(t, len(text), 2000)
	for _, line := range strings.Split(text, "\n") {
		assert.Equal(t, -1, strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", line)
		assert.False(t, strings.HasPrefix(line, "Bcc:"))
	}
	assert.NotContains(t, subject, "\n")
}

func TestLockMessageShowsNothingTheAttackerWrote(t *testing.T) {
	m := invitation()
	m.Kind, m.Params.UserAgent, m.Params.Device = notify.Locked, "CALL US", "CALL US"
	_, text, html, err := notify.Render(m)
	require.NoError(t, err)
	assert.NotContains(t, text+html, "CALL US")
	assert.Contains(t, text, "192.0.2.1")
}

func TestUnknownKind(t *testing.T) {
	m := invitation()
	m.Kind = "birthday"
	_, _, _, err := notify.Render(m)
	require.ErrorIs(t, err, notify.ErrKind)
}

func FuzzRender(f *testing.F) {
	f.Add("li.na", "Mozilla", "zh-TW")
	f.Add("\r\nBcc: x", "<script>", "en,*;q=0")
	f.Fuzz(func(t *testing.T, identifier, agent, locale string) {
		m := invitation()
		m.Kind, m.Link = notify.NewDevice, notify.Secret{}
		m.Params.Identifier, m.Params.UserAgent, m.Params.Device, m.Locale = identifier, agent, "", locale
		subject, text, html, err := notify.Render(m)
		if len(locale) > 256 {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.NotContains(t, subject, "\n")
		require.Equal(t, -1, strings.IndexFunc(strings.ReplaceAll(text, "\n", ""), func(r rune) bool { return !unicode.IsPrint(r) }))
		require.NotContains(t, html, "<script")
		require.Less(t, len(text), 4000)
	})
}
