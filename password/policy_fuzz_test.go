package password_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/crmauth/crmauth/password"
)

// FuzzCheck states: any input is decided without a panic, and what is said
// about it holds nothing but codes and documented numbers.
func FuzzCheck(f *testing.F) {
	f.Add("P@ssw0rd2024", "li.na@example.com", "Li Na", "+86 138 0000 1111", true)
	f.Add("我爱你1314", "李娜", "李 娜", "", false)
	f.Add("e\u0301\u0301\u0301\xff", "@", "--", "12", false)
	f.Add(strings.Repeat("1-", 128), "1-1-1", "1", "1", false)
	f.Add(strings.Repeat("qwerty", 43), "", "", "", true)
	day := time.Date(2000, time.February, 29, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, pass, identifier, name, phone string, factor bool) {
		c := password.Candidate{
			Password: pass, FactorMandatory: factor, Identifier: identifier, Aliases: []string{name}, Words: []string{identifier},
			Personal: password.Personal{Names: []string{name}, Emails: []string{identifier}, Phones: []string{phone}, Birthday: day},
		}
		for _, policy := range []*password.Policy{password.NIST(), password.MLPS()} {
			err := policy.Check(t.Context(), c)
			if err == nil {
				continue
			}
			rejected, ok := errors.AsType[*password.RejectedError](err)
			if !ok || len(rejected.Violations) == 0 {
				t.Fatalf("undecided: %v", err)
			}
			for _, v := range rejected.Violations {
				checkViolation(t, policy, v)
			}
		}
	})
}

// documented has every code and its parameters.
var documented = map[password.Code][]string{
	password.CodeTooShort: {"min"}, password.CodeTooLong: {"max", "max_bytes"}, password.CodeInvalidEncoding: nil,
	password.CodeCommon: nil, password.CodeContext: nil, password.CodePersonal: nil, password.CodeSequence: nil,
	password.CodeKeyboard: nil, password.CodeRepeated: nil, password.CodeNumber: nil, password.CodeComposition: {"need", "of"},
}

func checkViolation(t *testing.T, policy *password.Policy, v password.Violation) {
	t.Helper()
	params, ok := documented[v.Code]
	if !ok || len(params) != len(v.Params) {
		t.Fatalf("%+v is not documented", v)
	}
	for _, name := range params {
		if _, ok := v.Params[name]; !ok {
			t.Fatalf("%s lacks %s", v.Code, name)
		}
	}
	if v.Code == password.CodeComposition && policy.Name() == "NIST" {
		t.Fatal("NIST asks for a composition")
	}
}

// FuzzEstimate states: any input gets a score from 0 to 4, and the low ones
// say why.
func FuzzEstimate(f *testing.F) {
	f.Add("password", "acme")
	f.Add(strings.Repeat("ab1!", 64), "a@b.c")
	f.Add("\u200b\u0301", "")
	f.Fuzz(func(t *testing.T, pass, context string) {
		s := password.Estimate(pass, context)
		if s.Score < 0 || s.Score > 4 || s.Bits < 0 || (s.Score < 3) != (len(s.Reasons) > 0) {
			t.Fatalf("%+v", s)
		}
	})
}
