// Report reads what "go test -json" prints and says what matters: a line for
// each package, the output of what failed, and what was skipped. It fails if
// anything failed or was skipped: a program or server that a test needs is then
// missing. Spared are the measurements that run on demand only.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// demand is the variable that the measurements ask for when they skip.
const demand = "CRMAUTH_TIMING"

type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

func main() {
	outputs := map[string][]string{} // by package and test
	var failures, skips, onDemand []string
	packages, passed, failed := 0, 0, 0
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Println(lines.Text()) // what the go command itself has to say
			continue
		}
		name := e.Package + " " + e.Test
		switch e.Action {
		case "output":
			outputs[name] = append(outputs[name], e.Output)
			continue
		case "build-output":
			fmt.Print(e.Output)
			continue
		case "build-fail":
			failures = append(failures, e.ImportPath+" does not build")
			continue
		case "pass", "fail", "skip":
		default:
			continue
		}
		text := strings.Join(outputs[name], "")
		delete(outputs, name)
		if e.Test == "" {
			packages++
			fmt.Printf("%-4s %6.1fs  %s\n", e.Action, e.Elapsed, e.Package) // skip: no tests
			if e.Action == "fail" {
				fmt.Print(text)
				failures = append(failures, e.Package)
			}
			continue
		}
		switch {
		case e.Action == "pass":
			passed++
		case e.Action == "fail":
			failed++
			fmt.Print(text)
			failures = append(failures, name)
		case e.Action == "skip" && strings.Contains(text, demand):
			onDemand = append(onDemand, name)
		case e.Action == "skip":
			fmt.Print(text)
			skips = append(skips, name)
		}
	}
	fmt.Printf("%d packages\n%d passed, %d failed, %d skipped\n", packages, passed, failed, len(skips)+len(onDemand))
	for _, list := range []struct {
		title string
		names []string
	}{{"on demand only", onDemand}, {"SKIPPED", skips}, {"FAILED", failures}} {
		for _, name := range list.names {
			fmt.Println(list.title+":", strings.TrimSpace(name))
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Println("report:", err)
		os.Exit(1)
	}
	if len(skips)+len(failures) > 0 || packages == 0 {
		os.Exit(1)
	}
}
