package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// process is the number of a process, read from Linux' /proc.
type process int

// ticksPerSecond is USER_HZ, which is 100 on every architecture Go supports.
const ticksPerSecond = 100

// cpu returns the processor time used so far.
func (p process) cpu() (time.Duration, error) {
	fields, err := p.fields("stat")
	if err != nil {
		return 0, err
	}
	// Fields 14 and 15 of proc_pid_stat(5); the name in field 2 has no blanks.
	user, err := strconv.ParseInt(fields[13], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[14], 10, 64)
	return time.Duration(user+system) * time.Second / ticksPerSecond, err
}

// resident returns the bytes of memory in use, and those of them that are mapped from
// files: the program itself, which the kernel can drop and read again.
func (p process) resident() (all, mapped int64, err error) {
	fields, err := p.fields("statm")
	if err != nil {
		return 0, 0, err
	}
	for i, to := range map[int]*int64{1: &all, 2: &mapped} {
		pages, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, 0, err
		}
		*to = pages * int64(os.Getpagesize())
	}
	return all, mapped, nil
}

func (p process) fields(file string) ([]string, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p, file))
	return strings.Fields(string(data)), err
}
