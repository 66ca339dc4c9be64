package main

import (
	"embed"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:embed *.go
var source embed.FS

// Every text of the pages has its Chinese, and no Chinese is left over.
func TestWords(t *testing.T) {
	used := map[string]bool{}
	use := func(text string) {
		used[text] = true
		require.NotEmpty(t, inChinese[text], text)
		require.Equal(t, strings.Count(text, "%"), strings.Count(inChinese[text], "%"), text)
	}
	names, err := fs.Glob(templates, "templates/*.html")
	require.NoError(t, err)
	for _, name := range names {
		text, err := templates.ReadFile(name)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`\bt "([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
			use(found[1])
		}
		require.NotRegexp(t, `<script|<style|\son[a-z]+=|\sstyle=|javascript:`, string(text), "%s: the policy allows files only", name)
	}
	sources, err := fs.Glob(source, "*.go")
	require.NoError(t, err)
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := source.ReadFile(name)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`(?:view{Title: |title :?= |translate\(lang, )"([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
			use(found[1])
		}
	}
	for _, list := range [][]string{stages, roles} {
		for _, text := range list {
			use(text)
		}
	}
	for _, text := range notices {
		use(text)
	}
	for _, err := range []formError{errPolicy, errDiffer, errCurrent, errConfirm, errInput} {
		use(err.text)
	}
	for text := range inChinese {
		require.True(t, used[text], "%q is shown nowhere", text)
	}
}

// The pages are in the reader's language.
func TestLanguage(t *testing.T) {
	s := demo(t)
	v := s.visitor("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.5")
	a := v.signIn(demoAccount{Identifier: "nobody@example.com", Password: wrongPassword})
	require.Contains(t, a.body, `<html lang="zh-CN">`)
	require.Contains(t, a.body, "账号或密码错误。")
	require.Equal(t, "zh-CN", a.Header.Get("Content-Language"))
	require.Contains(t, a.Header.Values("Vary"), "Accept-Language")
	v = s.signedIn(s.account(roleAdmin), "Accept-Language", "zh-CN", "User-Agent", firefox)
	for path, text := range map[string]string{
		"/": "在谈金额", "/account": "Firefox（Windows）", "/admin": "邀请新成员", "/confirm": "请确认是您本人",
		"/nothing": "未找到。", "/password?token=x": "该链接已失效",
	} {
		require.Contains(t, v.get(path).body, text, path)
	}
	require.Contains(t, s.visitor("Accept-Language", "fr").get("/signin").body, `<html lang="en">`)
}

func TestFigures(t *testing.T) {
	for fen, want := range map[int64]string{0: "¥0", 99: "¥0.99", 100_000: "¥1,000", 123_456_789: "¥1,234,567.89"} {
		require.Equal(t, want, yuan(fen))
	}
}
