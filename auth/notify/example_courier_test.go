package notify_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/crmauth/crmauth/auth/keyring"
	"github.com/crmauth/crmauth/auth/notify"
)

// An invitation goes into the outbox, sealed, and from there to the notifier.
func ExampleCourier() {
	ctx := context.Background()
	keys, err := keyring.New(keyring.Generate())
	if err != nil {
		fmt.Println(err)
		return
	}
	courier, err := notify.NewCourier(new(notify.MemoryOutbox), notify.InsecureConsole(os.Stdout), keys, notify.CourierConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = courier.Send(ctx, notify.Message{
		Kind:    notify.Invitation,
		Channel: notify.Email,
		To:      "li.na@example.com",
		Locale:  "zh-TW",
		Time:    time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC),
		Params:  notify.Params{Product: "Acme CRM", Identifier: "li.na"},
		Link:    notify.NewSecret("https://crm.example.com/password?token=s3cr3t"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := courier.RunOnce(ctx) // a program runs courier.Run
	fmt.Println(n, err)
	// Output:
	// --- email to li.na@example.com: invitation
	// Subject: 【Acme CRM】请设置密码
	//
	// Acme CRM 已为您创建账号（li.na）。
	//
	// 请打开链接设置密码。链接只能使用一次。
	//
	// 设置密码：
	// https://crm.example.com/password?token=s3cr3t
	//
	// 如果这封邮件与您无关，请忽略。请勿将链接转发给他人。
	//
	// Acme CRM
	// ---
	// 1 <nil>
}
