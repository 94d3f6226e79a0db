// Package flows is the protocols: one file per rule set, named after its RFC.
package flows
