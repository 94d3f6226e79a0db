// Package attacks sends what attackers send and looks at what comes back: `make attack`.
//
//	row ──> raw bytes or HTTP ──> Node (tollgate dev, or tollgate serve twice on Redis or a Cluster)
//	 └── its own answer, and what holds after every row: alive, answering, silent about secrets …
//
// A row of the table in deploy/SECURITY.md is a function here that sends and checks; the sections'
// files list them, in the order of their numbers. It knows the product by its binary and its sockets
// alone, save that it opens a signing key with a master key of its own making: what is read of claims
// shows only under a good signature. Rows about what is not there yet say what they wait for; rows
// about crowds, floods and times say who tries them. A number without a row fails TestTable.
package attacks
