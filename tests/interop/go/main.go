// Command interop is another party's implementation of what Indelible claims to speak: it checks and makes signed
// notes, trees, proofs and tiles with golang.org/x/mod/sumdb alone. It reads one JSON object from standard input and
// writes one to standard output; what does not verify is named on standard error, and the exit status is 1.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: interop note|tree|paths|make < input.json")
	}
	in := json.NewDecoder(os.Stdin)
	in.DisallowUnknownFields()
	var out interface{}
	var err error
	switch os.Args[1] {
	case "note":
		var task noteTask
		if err = in.Decode(&task); err == nil {
			out, err = task.check()
		}
	case "tree":
		var task treeTask
		if err = in.Decode(&task); err == nil {
			out, err = task.check()
		}
	case "paths":
		var task pathsTask
		if err = in.Decode(&task); err == nil {
			out, err = task.check()
		}
	case "make":
		var task makeTask
		if err = in.Decode(&task); err == nil {
			out, err = task.do()
		}
	default:
		err = fmt.Errorf("unknown command %q", os.Args[1])
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}
