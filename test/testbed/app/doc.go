// Package app describes microservice applications: their services, the call
// trees behind every endpoint, and the behaviour of users.
//
// A description is one YAML document (see README.md of the testbed for the
// schema with an example). [Builtin] lists the applications that come with the
// testbed, [Load] reads one of them or a file, [Decode] reads bytes. Decoding is
// strict: an unknown field, a call to a service that does not exist or a call
// cycle is an error that names its place.
//
// The package holds facts only. Package sim runs them, package manifest renders
// them as Kubernetes objects.
package app
