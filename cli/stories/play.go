package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// mark stands before the exit code of each command in what the shell prints.
const mark = "\x01exit "

// limit is how long all commands of one story may take on a busy machine.
const limit = 10 * time.Minute

// play gives commands to one shell in a folder, and returns what each printed, in lines without
// spaces at their ends. A command that fails ends it.
func play(ctx context.Context, folder, bin string, commands []string) ([][]string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var script strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&script, "%s\nstatus=$?; printf '\\n%s%%d\\n' $status; [ $status = 0 ] || exit 1\n", c, mark)
	}
	shell := exec.CommandContext(ctx, "bash", "-c", script.String())
	shell.Dir = folder
	shell.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "LC_ALL=C.UTF-8")
	// What a story leaves running ends with it: its group is told.
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	shell.WaitDelay = 10 * time.Second
	out, failed := shell.CombinedOutput()
	if shell.Process != nil {
		_ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) // mostly there is none left
	}
	var printed [][]string
	rest := string(out)
	for range commands {
		said, after, ended := strings.Cut(rest, "\n"+mark)
		code, after, _ := strings.Cut(after, "\n")
		if !ended || code != "0" {
			return nil, fmt.Errorf("$ %s\n%s\nexit code %s (%v)", commands[len(printed)], strings.TrimSpace(said), code, failed)
		}
		printed = append(printed, lines(said))
		rest = after
	}
	return printed, failed
}

// lines splits what a command printed into lines as a page shows them.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		all = append(all, strings.TrimRight(line, " \n"))
	}
	return all
}
