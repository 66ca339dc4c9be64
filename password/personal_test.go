package password_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/crmauth/crmauth/password"
)

func TestPersonalDataIsRecognisedAsItIsSpelled(t *testing.T) {
	t.Parallel()
	c := password.Candidate{
		FactorMandatory: true,
		Identifier:      "thorvaldsen.k",
		Aliases:         []string{"+47 912 34 765"},
		Personal: password.Personal{
			Names:    []string{"Kjersti Thorvaldsen", "Li Na", "欧阳若兰"},
			Emails:   []string{"kj.fjordblikk@nordavind-regnskap.example"},
			Phones:   []string{"+86 139-8264-7051"},
			Birthday: time.Date(1987, time.November, 5, 0, 0, 0, 0, time.UTC),
		},
	}
	for _, pass := range []string{
		"thorvaldsen", "Thorvaldsen!", "nesdlavroht", "KjerstiThorvaldsen", "ThorvaldsenKjersti", "kthorvaldsen", "kjerstit87", "Th0rv4ld$en",
		"lina19871105", "nali1987", "linalinali", "lnln19871105", "若兰若兰1105若兰", "欧阳若兰1987年",
		"fjordblikk", "kj.fjordblikk", "fjordblikk87", "nordavind", "Regnskap2024!", "nordavind-regnskap",
		"13982647051", "82647051", "647051647051", "8613982647051", "91234765", "lina7051",
		"19871105", "871105871105", "05111987", "11051987", "1987-11-5", "5.11.1987", "05/11/87 05/11/87", "1987年11月5日", "5november87", "nov51987",
	} {
		c.Password = pass
		assert.Contains(t, codes(check(t, password.NIST(), c)), password.CodePersonal, pass)
		strange := password.Candidate{Password: pass, FactorMandatory: true}
		assert.NotContains(t, codes(check(t, password.NIST(), strange)), password.CodePersonal, pass)
	}
}

func TestPersonalDataOfAnySizeIsBounded(t *testing.T) {
	t.Parallel()
	huge := make([]string, 10_000)
	for i := range huge {
		huge[i] = strings.Repeat("王小明 Anna-Lena 1234567 ", 200)
	}
	c := password.Candidate{
		Password: unguessable[:20], Identifier: huge[0], Aliases: huge, Words: huge,
		Personal: password.Personal{Names: huge, Emails: huge, Phones: huge},
	}
	assert.Empty(t, check(t, password.NIST(), c))
	// The 33rd name is not looked at any more.
	names := append(make([]string, 31), "Thorvaldsen", "Fjordblikk")
	short := password.Candidate{Password: "Thorvaldsen", FactorMandatory: true, Personal: password.Personal{Names: names}}
	assert.Contains(t, codes(check(t, password.NIST(), short)), password.CodePersonal)
	short.Password = "Fjordblikk"
	assert.NotContains(t, codes(check(t, password.NIST(), short)), password.CodePersonal)

	for _, odd := range []string{"", "@", "@@", "a@", "@b", " ", "\xff", "é", "\u200b", "....", "+"} {
		c := password.Candidate{Password: unguessable[:20], Identifier: odd, Words: []string{odd},
			Personal: password.Personal{Names: []string{odd}, Emails: []string{odd}, Phones: []string{odd}}}
		assert.Empty(t, check(t, password.NIST(), c), odd)
	}
}
