package password_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/crmauth/crmauth/password"
)

// slowPepper stands for hashes that take long: it holds a permit until the
// example lets it go.
type slowPepper struct{ begun, goOn chan struct{} }

func (p slowPepper) Current() string { return "k1" }

func (p slowPepper) Apply(_ string, in []byte) ([]byte, error) {
	p.begun <- struct{}{}
	<-p.goOn
	return in, nil
}

func ExampleOverloadedError() {
	ctx := context.Background()
	pepper := slowPepper{make(chan struct{}, 2), make(chan struct{}, 2)}
	pepper.goOn <- struct{}{} // for New, which tries the pepper
	pool, err := password.NewPool(password.PoolConfig{
		Memory: password.Params{}.Bytes(), // one hash at a time
		Queue:  -1,                        // and nobody waits
	})
	if err != nil {
		log.Fatal(err)
	}
	hasher, err := password.New(password.Config{Pool: pool, Pepper: pepper})
	if err != nil {
		log.Fatal(err)
	}
	<-pepper.begun

	first := make(chan error)
	go func() {
		_, err := hasher.Hash(ctx, "correct horse battery staple")
		first <- err
	}()
	<-pepper.begun // the first one runs

	_, err = hasher.Hash(ctx, "another password")
	overloaded, ok := errors.AsType[*password.OverloadedError](err)
	fmt.Println(ok, overloaded.RetryAfter)

	pepper.goOn <- struct{}{}
	fmt.Println(<-first)
	// Output:
	// true 1s
	// <nil>
}
