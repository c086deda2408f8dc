// Command bench measures the SDK against floors: the work that no SDK can leave
// out, done by hand. It prints one table and never fails on a figure.
//
// A ratio is the median of paired rounds in one run: subject and floor interleaved
// and taking turns to go first, each after a garbage collection. Loopback rows
// run against a server process of their own and judge the CPU time of this
// process, with the time that passed beside it.
//
//	go run ./internal/bench                       # every row, some ten minutes
//	go run ./internal/bench -run '^trigger'       # the rows whose names match
//	go run ./internal/bench -quick                # whether it works; judges nothing
//	go run ./internal/bench -run 'batch' -cpuprofile cpu.out
//	go tool pprof -top -tagfocus side=subject cpu.out
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
)

func main() {
	var (
		serving = flag.Bool("serve", false, "internal: be the server of the loopback rows")
		rounds  = flag.Int("rounds", 0, "paired rounds a row (default 15, loopback 9)")
		only    = flag.String("run", "", "measure only the rows whose names match this `regexp`")
		quick   = flag.Bool("quick", false, "a short run that shows whether the rows work, not how they do")
		profile = flag.String("cpuprofile", "", "write a CPU profile to `file`, labelled with row and side")
	)
	flag.Parse()
	var err error
	if *serving {
		err = serve(os.Stdin, os.Stdout)
	} else {
		err = bench(os.Stdout, *only, *profile, planOf(*rounds, *quick))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench measures the rows that match only and prints the table. Rows that cannot
// be measured do not keep the others from it.
func bench(out io.Writer, only, profile string, p plan) (err error) {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	l := &lab{plan: p}
	defer func() { err = errors.Join(err, l.close()) }()

	printSetting(out, p)
	var failures []error
	t := newTable()
	for _, r := range rows() {
		if !match.MatchString(r.name) {
			continue
		}
		progress(r.name)
		m, err := r.measure(l)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", r.name, err))
			continue
		}
		t.add(r, m)
	}
	progress("")
	return errors.Join(append(failures, t.write(out))...)
}

// printSetting prints what the figures depend on besides the code.
func printSetting(out io.Writer, p plan) {
	gogc := debug.SetGCPercent(100)
	debug.SetGCPercent(gogc)
	fmt.Fprintf(out, "%s %s/%s, %d CPUs, GOMAXPROCS=%d, GOGC=%d\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.GOMAXPROCS(0), gogc)
	fmt.Fprintf(out, "medians of %d paired rounds of %v a side; loopback: %d of %v\n\n",
		p.rounds, p.side, p.loopRounds, p.loopSide)
	if p.quick {
		fmt.Fprint(out, "quick run: too short to judge by\n\n")
	}
}

// progress shows the row being measured on a terminal's standard error.
func progress(name string) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K%s", name)
	}
}
