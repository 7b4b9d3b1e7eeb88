package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/learner/train"
)

// process runs trainings in processes of their own: this program, called again.
type process struct {
	program string
	// build identifies the program.
	build string
}

func newProcess() (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	sum, err := sumFile(program)
	if err != nil {
		return nil, fmt.Errorf("identify this program: %w", err)
	}
	return &process{program, sum[:identity]}, nil
}

// patience is how long a training may take to end once it is asked to.
const patience = 10 * time.Second

// run trains with the options and returns the report. The log receives progress.
func (p *process) run(ctx context.Context, o training, log io.Writer) (*train.Report, error) {
	input, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var output bytes.Buffer
	if err := p.call(ctx, log, bytes.NewReader(input), &output, runName); err != nil {
		return nil, err
	}
	return decodeReport(output.Bytes())
}

func decodeReport(text []byte) (*train.Report, error) {
	var r train.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("report of the training: %w", err)
	}
	return &r, nil
}

// call runs this program with other arguments.
func (p *process) call(ctx context.Context, log io.Writer, in io.Reader, out io.Writer, args ...string) error {
	told := &indented{to: log}
	defer told.end()
	c := exec.CommandContext(ctx, p.program, args...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = patience
	c.Stdin, c.Stdout, c.Stderr = in, out, told
	err := c.Run()
	if ctx.Err() != nil {
		return errors.New("interrupted; call it again with the same flags to go on")
	}
	if err != nil {
		return fmt.Errorf("%s failed, see above: %w", args[0], err)
	}
	return nil
}

// indented sets lines off from those around them.
type indented struct {
	to   io.Writer
	rest []byte
}

func (i *indented) Write(p []byte) (int, error) {
	i.rest = append(i.rest, p...)
	for {
		line, rest, ok := bytes.Cut(i.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		i.rest = rest
		if len(line) > 0 {
			fmt.Fprintf(i.to, "    %s\n", line)
		}
	}
}

func (i *indented) end() {
	if len(i.rest) > 0 {
		fmt.Fprintf(i.to, "    %s\n", i.rest)
		i.rest = nil
	}
}

const runName = "run"

// runCommand is the other end of [process.run].
func runCommand() *cobra.Command {
	return &cobra.Command{
		Use:    runName,
		Short:  "Train with the options on standard input and write the report to standard output",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			in := json.NewDecoder(bufio.NewReader(c.InOrStdin()))
			in.DisallowUnknownFields()
			var o training
			if err := in.Decode(&o); err != nil {
				return fmt.Errorf("options of the training: %w", err)
			}
			return runTraining(c.Context(), o, c.ErrOrStderr(), c.OutOrStdout())
		},
	}
}

// runTraining does what deepscaler train does. The model is not kept.
func runTraining(ctx context.Context, o training, log, result io.Writer) error {
	in := train.Input{Now: time.Now, Progress: epochs{log}}
	var err error
	if in.History, err = history.ReadFile(o.Series); err != nil {
		return err
	}
	if o.Graph != "" {
		if in.Edges, err = history.ReadGraphFile(o.Graph, in.History.Services); err != nil {
			return err
		}
	}
	r, err := train.Train(ctx, in, o.Spec)
	if err != nil {
		return err
	}
	return json.NewEncoder(result).Encode(r.Report)
}

// epochs prints the epochs of a training.
type epochs struct{ out io.Writer }

func (e epochs) Tried(t train.Trial) {
	fmt.Fprintf(e.out, "anchor %s: validation loss %.4g, alone %.4g\n", t.Anchor, t.Loss, t.Alone)
}

func (e epochs) Begin(r *train.Report) {
	fmt.Fprintf(e.out, "%s network of %d parameters, %d training samples\n", r.Kind, r.Parameters, r.Samples.Train)
}

func (e epochs) Epoch(at em.Epoch, done float64, total int) {
	if !math.IsNaN(at.Validation) {
		fmt.Fprintf(e.out, "%v of %d epochs: loss %.4f, validation %.4f\n", done, total, at.Training, at.Validation)
	}
}
