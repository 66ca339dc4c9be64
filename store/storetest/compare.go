package storetest

import (
	"fmt"
	"reflect"
	"time"
)

// resolution is how exactly stores must keep times.
const resolution = time.Microsecond

// difference tells where got differs from want, or returns "". Times are equal
// if they are the same instant, to the microsecond, in whatever zone; a zero
// time equals a zero time only. A nil slice or map equals an
// empty one.
func difference(got, want any) string {
	return differ("", reflect.ValueOf(got), reflect.ValueOf(want))
}

func differ(path string, got, want reflect.Value) string {
	if got.IsValid() != want.IsValid() || got.IsValid() && got.Type() != want.Type() {
		return unequal(path, got, want)
	}
	if !got.IsValid() {
		return ""
	}
	if w, ok := want.Interface().(time.Time); ok {
		g := got.Interface().(time.Time)
		if g.IsZero() != w.IsZero() || g.Sub(w).Abs() >= resolution {
			return unequal(path, got, want)
		}
		return ""
	}
	switch {
	case got.Comparable() && got.Kind() != reflect.Struct && got.Kind() != reflect.Pointer:
		if !got.Equal(want) {
			return unequal(path, got, want)
		}
	case got.Kind() == reflect.Slice:
		if got.Len() != want.Len() {
			return unequal(path, got, want)
		}
		for i := range got.Len() {
			if d := differ(fmt.Sprintf("%s[%d]", path, i), got.Index(i), want.Index(i)); d != "" {
				return d
			}
		}
	case got.Kind() == reflect.Map:
		if got.Len() != want.Len() {
			return unequal(path, got, want)
		}
		for _, k := range want.MapKeys() {
			if d := differ(fmt.Sprintf("%s[%v]", path, k), got.MapIndex(k), want.MapIndex(k)); d != "" {
				return d
			}
		}
	case got.Kind() == reflect.Pointer:
		if got.IsNil() || want.IsNil() {
			if got.IsNil() != want.IsNil() {
				return unequal(path, got, want)
			}
			return ""
		}
		return differ(path, got.Elem(), want.Elem())
	case got.Kind() == reflect.Struct && exported(got.Type()):
		for i := range got.NumField() {
			if d := differ(path+"."+got.Type().Field(i).Name, got.Field(i), want.Field(i)); d != "" {
				return d
			}
		}
	case !reflect.DeepEqual(got.Interface(), want.Interface()):
		return unequal(path, got, want)
	}
	return ""
}

// exported reports whether every field of t can be looked at.
func exported(t reflect.Type) bool {
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return false
		}
	}
	return true
}

func unequal(path string, got, want reflect.Value) string {
	if path != "" {
		path += " "
	}
	return fmt.Sprintf("%sis %s, want %s", path, show(got), show(want))
}

// show prints a value, but never more of it than helps.
func show(v reflect.Value) string {
	if !v.IsValid() {
		return "nothing"
	}
	var s string
	switch x := v.Interface().(type) {
	case string, []string, []byte, error:
		s = fmt.Sprintf("%q", x)
	case time.Time:
		s = x.Format(time.RFC3339Nano)
	default:
		s = fmt.Sprintf("%+v", x)
	}
	if len(s) > 200 {
		return fmt.Sprintf("%s… (%d bytes)", s[:200], len(s))
	}
	return s
}
