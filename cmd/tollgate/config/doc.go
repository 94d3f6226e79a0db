// Package config is everything an operator can set: one Config with working defaults, read from a
// YAML file and the environment, and one list of all that is wrong with it.
//
//	defaults ──> YAML file ──> TOLLGATE_… environment ──> Validate ──> *Config, or every Problem
//
// It owns the names of the keys, the spelling of their values and the secrets' files. It leaves to
// package main what is built from them.
package config
