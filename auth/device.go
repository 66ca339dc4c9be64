package auth

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crmauth/crmauth/auth/notify"
)

const (
	deviceLife    = 180 * 24 * time.Hour
	deviceIDSize  = 16
	devicePurpose = "device key"
	// maxDeviceKeys is how many accounts one browser is known to at a time.
	maxDeviceKeys = 4
)

// A device key is the device's id, when the key ends, and a tag over both, the
// account and its device epoch. It opens nothing: it chooses the attempt
// counter.

func (s *Service) signDevice(a Account, sec Security, id string, now time.Time) string {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil || len(raw) != deviceIDSize {
		return ""
	}
	body := binary.BigEndian.AppendUint64(raw, uint64(now.Add(deviceLife).Unix()))
	tag := s.config.Keys.Sign(devicePurpose, deviceParts(a, sec, body)...)
	return base64.RawURLEncoding.EncodeToString(append(body, tag...))
}

func deviceParts(a Account, sec Security, body []byte) [][]byte {
	return [][]byte{[]byte(a.Tenant), []byte(a.ID), strconv.AppendInt(nil, sec.DeviceEpoch, 10), body}
}

// knownDevice returns the id of the device that the browser's keys prove for
// this account, or "".
func (s *Service) knownDevice(a Account, sec Security, keys string, now time.Time) string {
	for _, key := range deviceKeys(keys) {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(key)
		if err != nil || len(raw) < deviceIDSize+8 {
			continue
		}
		body, tag := raw[:deviceIDSize+8], raw[deviceIDSize+8:]
		ends := time.Unix(int64(binary.BigEndian.Uint64(body[deviceIDSize:])), 0)
		id := base64.RawURLEncoding.EncodeToString(body[:deviceIDSize])
		if s.config.Keys.Verify(devicePurpose, tag, deviceParts(a, sec, body)...) && now.Before(ends) &&
			slices.ContainsFunc(sec.Devices, func(d Device) bool { return d.ID == id }) {
			return id
		}
	}
	return ""
}

// deviceKeys splits what a browser keeps: one key for each account that
// remembers it.
func deviceKeys(s string) []string {
	if s == "" || len(s) > maxDeviceKeys*128 {
		return nil
	}
	keys := strings.Split(s, ".")
	return keys[:min(len(keys), maxDeviceKeys)]
}

// keepDevice puts the account's new key before the browser's other ones.
func (s *Service) keepDevice(a Account, sec Security, browser, key string, now time.Time) Secret {
	kept := []string{key}
	for _, k := range deviceKeys(browser) {
		if len(kept) < maxDeviceKeys && s.knownDevice(a, sec, k, now) == "" {
			kept = append(kept, k)
		}
	}
	return notify.NewSecret(strings.Join(kept, "."))
}

// remember notes that the device was seen, and forgets the one that was seen
// longest ago when there are too many.
func (sec *Security) remember(d Device) {
	if i := slices.IndexFunc(sec.Devices, func(o Device) bool { return o.ID == d.ID }); i >= 0 {
		d.Created = sec.Devices[i].Created
		sec.Devices = slices.Delete(slices.Clone(sec.Devices), i, i+1)
	}
	sec.Devices = append(slices.Clone(sec.Devices), d)
	if over := len(sec.Devices) - MaxDevices; over > 0 {
		sec.Devices = sec.Devices[over:]
	}
}
