package process

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	tailLines = 15
	tailBytes = 32 << 10
	// A request that klog prints in full can be longer than the rest of the log together.
	maxLine = 400
)

// Tail returns the last lines of a log file, at most 15 from the last 32 KiB. It leaves out
// empty lines, and cuts each at 400 bytes.
func Tail(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the end of a log: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the end of a log: %w", err)
	}
	start := max(0, info.Size()-tailBytes)
	data, err := io.ReadAll(io.NewSectionReader(file, start, tailBytes))
	if err != nil {
		return nil, fmt.Errorf("read the end of a log: %w", err)
	}
	if start > 0 {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	return lastLines(data), nil
}

func lastLines(data []byte) []string {
	var lines []string
	for line := range bytes.Lines(data) {
		text := strings.ToValidUTF8(string(bytes.TrimRight(line, " \t\r\n")), "?")
		if text == "" {
			continue
		}
		if len(text) > maxLine {
			text = strings.ToValidUTF8(text[:maxLine], "") + " …"
		}
		lines = append(lines, text)
	}
	return lines[max(0, len(lines)-tailLines):]
}
