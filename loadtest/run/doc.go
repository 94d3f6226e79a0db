// Command run drives the k6 scripts of the folder above against two nodes on one Redis, all of them on
// this machine and gone when it ends, and leaves a summary with plots. It owns the processes and the
// report; what is sent, and how fast answers must come, the scripts say.
//
// It tells wrong from slow: it ends with status 1 after a wrong answer or if it could not do its work,
// with 3 if every answer was right but some came late, and with 130 if it was interrupted.
package main
