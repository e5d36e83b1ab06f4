package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/runner/serve"
)

// serveOptions are the options of tfpair serve.
type serveOptions struct {
	models  []string // of exported models, NAME=FOLDER or FOLDER
	indexes []string // NAME=FILE, or FILE of the first model
	tokens  string   // file
	writers []string // NAME=FILE, or FILE of the first model: tokens of those who may change its index
	log     string   // one of logFormats
	probe   bool     // ask the service that runs, and start none
	traces  string   // address of a collector; "": what the environment says
	isolate bool     // networks run in processes of their own
	behind  []string // names of models that run at low priority
	limits  serveLimits
	trust   trustOptions
	machine machineOptions
	output  outputOptions
}

// Words of --log.
const (
	logAuto = "auto"
	logText = "text"
	logJSON = "json"
)

// logFormats is read only.
var logFormats = []string{logAuto, logText, logJSON}

func newServeCommand(streams IO) *cli.Command {
	var o serveOptions
	c := &cli.Command{
		Name:  "serve",
		Usage: "answer over HTTP with exported models",
		Description: `Answers POST /v1/embed, /v1/compare and /v1/search, until it is told to stop:
then it finishes what it has got and ends with exit code 0. A new version in the
folder of a model is checked, and answers in place of the one before.

With --index-tokens, PUT and DELETE /v1/index/ID change the index, which is a folder;
the answer comes when the change is on the disk.

Of several models the first answers requests that name none. Requests are answered
429 when there is more to do than the limits allow. Each flag has a variable of the
environment: TFPAIR_SERVE_LISTEN for --listen, and so on. Several models are in one,
as TFPAIR_SERVE_MODEL=one=FOLDER,two=FOLDER. docs/serve.md has more.

` + examplesHead + `  tfpair serve --model demo/model --index demo/pictures.index
  tfpair serve --model photos=demo/model --listen 127.0.0.1:9000`,
		Action: func(c *cli.Context) error {
			given := func(flag string) []string {
				return several(c.StringSlice(flag), streams.Getenv(variableNamed(flag)), nextPath)
			}
			o.models, o.indexes, o.writers = given("model"), given("index"), given("index-tokens")
			o.behind = several(c.StringSlice("background"), streams.Getenv(variableNamed("background")), nextName)
			return runServe(c.Context, o, streams)
		},
	}
	o.addFlags(c)
	return c
}

func (o *serveOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.StringSliceFlag{Name: "model", Category: required,
			Usage: "`FOLDER` of an exported model, or NAME=FOLDER; may be repeated"},
		&cli.StringSliceFlag{Name: "index",
			Usage: "`PATH` from tfpair index build, or URL that tfpair index push was given, or NAME=PATH for the model of that name; may be repeated (default: the galleries inside the models)"},
		&cli.StringSliceFlag{Name: "index-tokens",
			Usage: "`FILE` of bearer tokens, one a line, of those who may put pictures into the index of --index and remove them, " +
				"or NAME=FILE for that of the model of that name; may be repeated (default: nobody may)"},
		&cli.StringFlag{Name: "tokens", Destination: &o.tokens,
			Usage: "`FILE` of bearer tokens, one a line: requests without one of them are refused"},
		&cli.StringFlag{Name: "log", Destination: &o.log, Value: logAuto,
			Usage: "write the log as `FORMAT`: text, json, or auto, which is text on a terminal"},
		&cli.StringFlag{Name: "traces", Destination: &o.traces,
			Usage: "send traces to the OpenTelemetry collector at `URL`, such as http://localhost:4318 (default: OTEL_EXPORTER_OTLP_ENDPOINT, or nowhere)"},
		&cli.BoolFlag{Name: "probe", Destination: &o.probe,
			Usage: "start nothing: ask the service at --listen whether it is alive, and end with exit code 0 or 1"})
	c.Flags = append(c.Flags, &cli.BoolFlag{Name: "isolate", Destination: &o.isolate,
		Usage: "run each network in a process of its own, which is started again after a crash"})
	c.Flags = append(c.Flags, &cli.StringSliceFlag{Name: "background",
		Usage: "run the network of the model `NAME` at low priority: its batches give way to requests for other models; on Linux; may be repeated"})
	o.limits.addFlags(c)
	o.trust.addFlags(c)
	o.machine.addFlags(c)
	o.output.addFlags(c)
	for _, f := range c.Flags {
		fromEnvironment(f)
	}
}

func (o serveOptions) validate() error {
	switch {
	case len(o.models) == 0:
		return usagef("serve needs --model")
	case !slices.Contains(logFormats, o.log):
		return usagef("--log must be text, json or auto, got %q", o.log)
	}
	return cmp.Or(o.limits.validate(), o.trust.validate(), o.machine.validate())
}

// served is a model that is to be served.
type served struct {
	Name  string `json:"name"`
	Model string `json:"model"` // folder
	Index string `json:"-"`     // path or URL, which may have a password
	Shown string `json:"index,omitempty"`

	writers string // file of tokens; "": nobody may change the index
	behind  bool   // it runs at low priority
}

// served returns the models by name, in order, with what they are searched in.
func (o serveOptions) served() ([]served, error) {
	var list []served
	for _, text := range o.models {
		name, folder := nameAndPath(text)
		if name == "" {
			name = filepath.Base(filepath.Clean(folder))
		}
		if !serve.ModelName.MatchString(name) {
			if _, path, ok := strings.Cut(text, "="); ok && !isThere(text) { // it has one, and that is the trouble
				folder = path
			}
			return nil, usagef("--model %q has no name that a URL can hold; give one: --model photos=%s", text, shellWord(folder))
		}
		for _, before := range list {
			if before.Name == name {
				return nil, usagef("two models have the name %q; give another one: --model other=%s", name, shellWord(folder))
			}
		}
		list = append(list, served{Name: name, Model: folder})
	}
	for _, text := range o.indexes {
		name, file := nameAndPath(text)
		at := 0
		for at < len(list) && name != "" && list[at].Name != name {
			at++
		}
		switch {
		case at == len(list):
			return nil, usagef("--index %q is for a model %q, which there is not", name+"="+postgres.Shown(file), name)
		case list[at].Index != "":
			return nil, usagef("--index gives model %q a second index, %q", list[at].Name, postgres.Shown(file))
		}
		list[at].Index, list[at].Shown = file, postgres.Shown(file)
	}
	for _, text := range o.writers {
		name, file := nameAndPath(text)
		at := 0
		for at < len(list) && name != "" && list[at].Name != name {
			at++
		}
		if at == len(list) || list[at].Index == "" {
			return nil, usagef("--index-tokens %q is for the index of a model, and there is no --index of it", text)
		}
		list[at].writers = file
	}
	for _, name := range o.behind {
		at := slices.IndexFunc(list, func(s served) bool { return s.Name == name })
		if at < 0 {
			return nil, usagef("--background %q is no model: its name is that of --model", name)
		}
		list[at].behind = true
	}
	return list, nil
}

// isThere reports whether anything is at path.
func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// nameAndPath splits NAME=PATH. A path that looks like one in itself is one: ./a=b.
func nameAndPath(text string) (name, path string) {
	if name, path, ok := strings.Cut(text, "="); ok && serve.ModelName.MatchString(name) {
		return name, path
	}
	return "", text
}

// check looks at the files of a model before anything is started.
func (s served) check() error {
	info, err := models.Describe(s.Model)
	if err != nil || s.Index == "" {
		return err
	}
	if postgres.Is(s.Index) {
		return nil // the service opens it before it answers
	}
	about, _, err := index.ReadItems(s.Index)
	if err != nil {
		return err
	}
	if err := info.Manifest.InSpace(about.Space); err != nil {
		return &index.Error{Path: s.Index, Err: err}
	}
	return nil
}

// servedError is an error about a model that is to be served, or about what it is searched in.
type servedError struct {
	error
	of served
}

func (e *servedError) Unwrap() error { return e.error }

// line has the flags of the model alone, without the names that serve knows.
func (e *servedError) line() commandLine {
	return commandLine{}.with(given{"model", e.of.Model}, given{"index", e.of.Index})
}

// blamed returns err, which the service has given, as one about the model whose folder or index it names.
func blamed(err error, list []served) error {
	var model *models.NotModelError
	var damaged *models.CorruptError
	var of *index.Error
	var path string
	switch {
	case errors.As(err, &model):
		path = model.Path
	case errors.As(err, &damaged):
		path = damaged.Path
	case errors.As(err, &of):
		path = of.Path
	default:
		return err
	}
	for _, s := range list {
		if inFolder(s.Model, path) || inFolder(s.Index, path) {
			return &servedError{err, s}
		}
	}
	return err
}

// source returns how the model is opened.
func (o serveOptions) source(s served, log *slog.Logger) (serve.Source, error) {
	key, err := o.trust.signer.read()
	if err != nil {
		return serve.Source{}, err
	}
	options := []models.Option{models.Trust(o.trust.trusted()), models.OnDevice(o.machine.device),
		models.WithBatching(o.limits.batch, o.limits.delay), models.WithTimeout(o.limits.run)}
	if o.machine.threads > 0 {
		options = append(options, models.WithThreads(o.machine.threads))
	}
	if s.behind {
		options = append(options, models.InBackground())
	}
	if key != nil {
		options = append(options, models.RequireSignature(key))
	}
	if o.isolate {
		program, err := os.Executable()
		if err != nil {
			return serve.Source{}, err
		}
		options = append(options, models.Isolated(program, runModelName))
	}
	source := serve.Folder(s.Name, s.Model, s.Index, options...)
	if s.writers != "" {
		if source.Writers, err = serve.ReadTokens(s.writers, log); err != nil {
			return source, fmt.Errorf("--index-tokens: %w", err)
		}
	}
	return source, nil
}

func runServe(ctx context.Context, o serveOptions, streams IO) error {
	if o.probe {
		return o.probeAlive(ctx)
	}
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	config := serve.Config{Limits: o.limits.of(), Log: o.logger(out)}
	list, err := o.served()
	if err != nil {
		return err
	}
	for _, s := range list {
		if err := s.check(); err != nil {
			return &servedError{err, s}
		}
		source, err := o.source(s, config.Log)
		if err != nil {
			return err
		}
		config.Models = append(config.Models, source)
	}
	if o.tokens != "" {
		if config.Tokens, err = serve.ReadTokens(o.tokens, config.Log); err != nil {
			return fmt.Errorf("--tokens: %w", err)
		}
	}
	traced, err := o.trace(ctx, streams, &config)
	if err != nil {
		return err
	}
	defer traced()
	workers.Spare(workers.Cores() + len(list)) // of what comes while each model computes and each core decodes
	service, err := serve.New(config)
	if err != nil {
		return usage(err)
	}
	if !o.isolate { // else this process loads no runtime
		session.FewArenas() // versions come and go
		if err := session.Ready(o.machine.session()); err != nil {
			return err
		}
	}
	return o.run(ctx, service, list, out)
}

// run answers until a signal comes, which is a good end.
func (o serveOptions) run(ctx context.Context, service *serve.Service, list []served, out output) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	server := o.limits.server()
	var at, admin net.Addr
	server.Listening = func(address, adminAddress net.Addr) { at, admin = address, adminAddress }
	var failed error
	server.Ready = func() {
		boundHeap(service.Limits().Peak(server.WithDefaults().Connections))
		failed = errors.Join(o.show(out, service, list, at, admin), announce(service, o.logger(out)))
		o.undecided(ctx, out, service, at)
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-hangups:
					_, _ = service.Reload(ctx) // logged
				}
			}
		}()
	}
	defer context.AfterFunc(ctx, func() { _ = notify(notifyStopping) })() // it stops all the same
	err := blamed(server.Run(ctx, service), list)
	if s, ok := interrupted(ctx); ok && err == nil {
		out.say("stopped: %v; all requests are answered", s.Signal)
	}
	return cmp.Or(err, failed)
}

// serving is what is said when all models are open.
type serving struct {
	Address    string   `json:"address"`
	Admin      string   `json:"admin,omitempty"`
	Models     []served `json:"models"`
	PeakBytes  int64    `json:"request_bytes"` // that requests in flight hold at most
	InUseBytes int64    `json:"in_use_bytes"`  // that the process and those of its models hold now; 0 not known
}

func (o serveOptions) show(out output, service *serve.Service, list []served, at, admin net.Addr) error {
	v := serving{Address: at.String(), Models: list, InUseBytes: inUse(),
		PeakBytes: service.Limits().Peak(o.limits.server().WithDefaults().Connections)}
	if admin != nil {
		v.Admin = admin.String()
	}
	for _, s := range list {
		text := s.Model
		if s.Index != "" {
			text += ", searched in " + s.Shown
		}
		out.print("model      %s: %s", s.Name, text)
	}
	out.print("memory     at most %d MiB for requests in flight, beside %d MiB in use now", v.PeakBytes>>20, v.InUseBytes>>20)
	if v.Admin != "" {
		out.print("admin      http://%s", v.Admin)
	}
	out.print("ready      %s://%s", o.scheme(), v.Address)
	out.say("next: %s", o.curl(at, "/v1/embed"))
	return out.emit("ready", v)
}

// logger returns where a line for each request goes.
func (o serveOptions) logger(out output) *slog.Logger {
	options := &slog.HandlerOptions{}
	if o.output.quiet {
		options.Level = slog.LevelError
	}
	if o.log == logText || o.log == logAuto && out.terminal() {
		return slog.New(slog.NewTextHandler(out.Err, options))
	}
	return slog.New(slog.NewJSONHandler(out.Err, options))
}
