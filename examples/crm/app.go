package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	_ "modernc.org/sqlite"

	"github.com/crmauth/crmauth/auth"
	"github.com/crmauth/crmauth/auth/audit"
	"github.com/crmauth/crmauth/auth/authhttp"
	"github.com/crmauth/crmauth/auth/keyring"
	"github.com/crmauth/crmauth/auth/notify"
	"github.com/crmauth/crmauth/password"
	"github.com/crmauth/crmauth/store/sqlstore"
)

// app is the program, put together.
type app struct {
	options *options
	config  auth.Config
	db      *sql.DB
	records records
	svc     *auth.Service
	web     *authhttp.Web // for the pages: leads browsers to forms
	api     *authhttp.Web // for programs: answers in JSON, always
	pages   pages
	rules   password.Report // what the password forms say beforehand
	log     *slog.Logger
	now     func() time.Time
}

// open opens the database and puts the service and its front together.
func (p program) open(ctx context.Context, o *options) (_ *app, err error) {
	a := &app{options: o, log: slog.New(slog.NewTextHandler(p.stderr, nil)), now: p.now}
	if a.now == nil {
		a.now = time.Now
	}
	keys, err := openKeys(o)
	if err != nil {
		return nil, err
	}
	if a.db, err = openFile(o.file); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			a.db.Close()
		}
	}()
	store, err := sqlstore.Open(ctx, a.db, sqlstore.SQLite(), sqlstore.Options{})
	if err != nil {
		return nil, err
	}
	if a.records, err = openRecords(ctx, a.db); err != nil {
		return nil, err
	}
	policy, err := o.policy.With(password.Options{Words: []string{"crmauth"}})
	if err != nil {
		return nil, err
	}
	a.rules = policy.Report()

	notifier := notify.InsecureConsole(p.stderr)
	if o.outbox != "" {
		notifier = notify.Directory(o.outbox)
	}
	events := audit.NewSlog(a.log) // what is on record, also on the terminal
	a.config = auth.Config{
		BaseURL:   o.url,
		Product:   "CRM",
		Stores:    store.Stores(),
		Keys:      keys,
		Notifier:  notifier,
		Policy:    policy,
		Hashing:   p.hashing,
		Listeners: []audit.Listener{func(ctx context.Context, e audit.Event) { _ = events.Append(ctx, e) }},
		Logger:    a.log,
		Now:       a.now,
	}
	if a.svc, err = auth.New(a.config); err != nil {
		return nil, err
	}
	if err := a.svc.Ready(ctx); err != nil {
		return nil, err
	}
	if a.pages, err = parsePages(); err != nil {
		return nil, err
	}
	a.web, err = authhttp.New(a.svc, authhttp.Config{SignInPage: "/signin", ConfirmPage: "/confirm", ErrorPage: a.errorPage})
	if err != nil {
		return nil, err
	}
	a.api, err = authhttp.New(a.svc, authhttp.Config{})
	return a, err
}

// openKeys opens the key file. A fresh one opens nothing that an earlier one
// sealed, so it is made only where there are no data yet.
func openKeys(o *options) (*keyring.Ring, error) {
	info, err := os.Stat(o.file)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && info.Size() == 0:
		return keyring.Open(o.keys)
	case err != nil:
		return nil, err
	}
	keys, err := keyring.OpenExisting(o.keys)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the database %s exists but its key file %s does not: bring the file back, or name it with -keys; without it the data it protects can't be read", o.file, o.keys)
	}
	return keys, err
}

// openFile opens the database. SQLite gives the files beside it the same mode.
func openFile(name string) (*sql.DB, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(name))
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(8)
	return db, nil
}

// welcome prints how to get in: the demo's accounts, or the link by which the
// first administrator chooses a password.
func (a *app) welcome(ctx context.Context, out io.Writer) error {
	if a.options.seed {
		return a.seed(ctx, out)
	}
	link, err := a.svc.Bootstrap(ctx, "", a.options.admin)
	if errors.Is(err, auth.ErrBootstrapped) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "first password for %s: %s\n", a.options.admin, link)
	return err
}

// serve answers until ctx ends; then what is under way may finish.
func (a *app) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           a.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 2)
	var tasks sync.WaitGroup
	tasks.Go(func() { ended <- a.svc.Run(background) })
	tasks.Go(func() { ended <- server.Serve(listener) })

	var err error
	select {
	case err = <-ended: // before it was to: a fault
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(background, 10*time.Second)
	defer cancel()
	err = errors.Join(err, server.Shutdown(grace))
	stop()
	tasks.Wait()
	return err
}
