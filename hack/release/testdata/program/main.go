// Command program stands for one that is released, and compiles in a second.
package main

import (
	"fmt"
	"os"
)

var version string

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("deepscaler", version)
		return
	}
	fmt.Println("Usage: program")
}
