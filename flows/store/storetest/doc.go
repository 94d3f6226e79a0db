// Package storetest holds every backend to the storage contract, one file per record.
//
//	memstore's tests, redistore's tests ──> Run ──> store.Store
//
// Each sentence of the contract is a test; every operation that only one caller may win is tried
// by 32 at once. Time is real and short, because Redis' clock cannot be set.
package storetest
