package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of CPU times in /proc: USER_HZ is 100 on every Linux of today.
const clockTick = 10 * time.Millisecond

// usage is what a process has used up to now.
type usage struct {
	cpu  time.Duration // in the program and in the kernel for it
	peak float64       // MiB resident at the most since the watch began
}

// watch begins to measure a process. The function it returns says what it has used since; of no process, nothing.
func watch(pid int) func() (usage, error) {
	if pid == 0 {
		return func() (usage, error) { return usage{}, nil }
	}
	// 5 forgets the peak of before. Where that is not allowed, the peak is that of the process's life.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
	before, failed := cpuTime(pid)
	return func() (usage, error) {
		after, err := cpuTime(pid)
		if failed != nil || err != nil {
			return usage{}, fmt.Errorf("proxy's CPU time: %w", cmp.Or(failed, err))
		}
		peak, err := memory(pid, "VmHWM")
		return usage{cpu: after - before, peak: peak / (1 << 20)}, err
	}
}

// cpuTime is what a process has used of all CPUs.
func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the program's name in parentheses, which may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const user, system = 14 - 3, 15 - 3 // the manual counts from 1, and these begin with the third
	if len(fields) <= system {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	var ticks int64
	for _, field := range fields[user : system+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// memory is a line of a process's status in bytes: VmRSS, VmHWM.
func memory(pid int, line string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(text)) {
		var kilobytes float64
		if _, err := fmt.Sscanf(l, line+": %f kB", &kilobytes); err == nil {
			return kilobytes * 1024, nil
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no %s", pid, line)
}
