// Command fosite is an OAuth server on ory/fosite with its store in memory, to measure beside Tollgate:
// the same clients, grants and client authentication as Tollgate's demo. It is a module of its own, so
// that nothing of it is in the product.
package main
