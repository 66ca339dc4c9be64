// Package crmauth is the map of a library that gives a CRM back end its whole
// login. It holds no code: import the package you need.
package crmauth
