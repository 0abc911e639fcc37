import { Command, CommanderError } from 'commander';
import { toJson } from '../model/json.js';
import { askedOf } from './asked.js';
import type { CommandBackend } from './backend.js';
import { failureLine, isCheck } from './check-guard.js';
import { CHECK_EXIT_CODES, CliError, EXIT_CODES, exitCode, type ExitName } from './cli-error.js';
import { addCheckDataCommand } from './commands-check-data.js';
import { addCompletionCommand } from './commands-completion.js';
import { addDaemonCommands } from './commands-daemon.js';
import { addDemoCommand } from './commands-demo.js';
import { addIncidentCommand } from './commands-incident.js';
import { addJournalCommands } from './commands-journal.js';
import { addNotifyCommand } from './commands-notify.js';
import { addPolicyCommand } from './commands-policy.js';
import { addProcedureCommand } from './commands-procedure.js';
import { addReportCommand } from './commands-report.js';
import { addTokenCommand } from './commands-token.js';
import { addWhyCommand } from './commands-why.js';
import { addStatusCommand } from './commands-status.js';
import { addRunCommand } from './commands-run.js';
import { addLocalCommands } from './commands-local.js';
import { addReplayCommand } from './commands-replay.js';
import { zoneOf, type Common, type Context } from './context.js';
import { withAsked } from '../words/scoped.js';
import type { CliIo } from './io.js';
import { clean } from './render/paint.js';

const AFTER_HELP = `
Exit codes:
${EXIT_CODES.map(({ code, meaning }) => `  ${String(code).padStart(2)}  ${meaning}`).join('\n')}
  check: ${CHECK_EXIT_CODES.map(({ code, name }) => `${code} ${name}`).join(', ')}

Environment:
  EKIMI_CONFIG, EKIMI_URL, EKIMI_TOKEN as the options of these names; NO_COLOR, FORCE_COLOR

Changes (approve, reject, acknowledge, pause, resume, run-procedure, check-data) need an operator token of api.tokens. Times are UTC, but for --tz.`;

/** Of the parser: `error: unknown command 'statuss'`, and in brackets what may be meant. */
function usageError(text: string): { readonly code: string; readonly message: string; readonly remedy: string } {
  const [message = '', remedy = ''] = text.trim().split('\n');
  return { code: 'usage', message: message.replace(/^error: /, ''), remedy: remedy.replace(/^\((.*)\)$/, '$1') };
}

/** The whole command line. Commands set `context.exit`; nothing here ends the process. */
function buildProgram(
  backend: CommandBackend,
  io: CliIo,
  json: boolean,
): { readonly program: Command; readonly context: Context } {
  const context: Context = { backend, io, exit: 0, aheadMs: 0, several: false, zone: null, asked: {} };
  const program = new Command('ekimi')
    .description('Autonomous remediation controller for PostgreSQL clusters run by Patroni, etcd and HAProxy')
    .version(backend.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        io.stdout(text);
      },
      writeErr: (text) => {
        io.stderr(text);
      },
      outputError: (text, write) => {
        write(json ? `${toJson({ error: usageError(text) })}\n` : text);
      },
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
      getOutHasColors: () => io.color,
      getErrHasColors: () => io.color,
    })
    .showSuggestionAfterError()
    .hook('preAction', (_program, command) => {
      const options: Common = command.opts();
      const zone = zoneOf(options);
      context.zone = options.json === true ? null : zone;
      context.asked = options.json === true ? {} : askedOf(options);
    })
    .addHelpText('after', AFTER_HELP);
  addLocalCommands(program, context);
  addDemoCommand(program, context);
  addStatusCommand(program, context);
  addDaemonCommands(program, context);
  addProcedureCommand(program, context);
  addRunCommand(program, context);
  addCheckDataCommand(program, context);
  addWhyCommand(program, context);
  addJournalCommands(program, context);
  addIncidentCommand(program, context);
  addReportCommand(program, context);
  addReplayCommand(program, context);
  addPolicyCommand(program, context);
  addNotifyCommand(program, context);
  addTokenCommand(program, context);
  addCompletionCommand(program, context);
  return { program, context };
}

/** Runs one command line (without `node` and the script) and resolves with its exit code. Never rejects. */
export async function runCli(argv: readonly string[], backend: CommandBackend, io: CliIo): Promise<number> {
  const { program, context } = buildProgram(backend, io, argv.includes('--json'));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return context.exit;
  } catch (cause) {
    if (cause instanceof CommanderError && (cause.exitCode === 0 || !isCheck(argv))) return usageExit(cause);
    // For a monitoring system whatever cannot be judged is UNKNOWN, a wrong command line too.
    if (isCheck(argv)) {
      io.stdout(failureLine(cause));
      return 3;
    }
    const error = asCliError(cause);
    if (argv.includes('--json'))
      io.stderr(`${toJson({ error: { code: error.code, message: error.message, remedy: error.remedy } })}\n`);
    else
      io.stderr(
        `ekimi: ${lined(error.message)}\n${error.remedy === '' ? '' : `  ${clean(error.exit === 'no-daemon' ? error.remedy : withAsked(error.remedy, context.asked))}\n`}`,
      );
    return exitCode(error.exit);
  }
}

/** Several faults are one a line; everything else of them is cleaned. */
const lined = (text: string): string => text.split('\n').map(clean).join('\n  ');

/** Help and version end well. */
const usageExit = (cause: CommanderError): number => exitCode(cause.exitCode === 0 ? 'ok' : 'usage');

const KNOWN_CODES: readonly { readonly prefix: string; readonly exit: ExitName; readonly remedy: string }[] = [
  { prefix: 'CONFIG', exit: 'config', remedy: 'Run "ekimi config check", which names every fault.' },
  { prefix: 'POLICY', exit: 'config', remedy: 'Run "ekimi config check", which names every fault.' },
  { prefix: 'JOURNAL', exit: 'absent', remedy: 'Check journal.directory, or --journal DIR.' },
  {
    prefix: 'EADDRINUSE',
    exit: 'refused',
    remedy: 'Change api.listen (demo: --port) or hosts.peers.listen: something listens there already.',
  },
];

const REPORT_IT =
  'Report it with the command line and this message: it is a fault of Ekimi. "ekimi status" shows whether anything was changed.';

/** Errors of other parts have a stable `code` of their own; what has none is a fault of ours. */
function asCliError(cause: unknown): CliError {
  if (cause instanceof CliError) return cause;
  if (!(cause instanceof Error)) return new CliError('internal', 'internal', String(cause), REPORT_IT, cause);
  if (!('code' in cause) || typeof cause.code !== 'string')
    return new CliError('internal', 'internal', cause.message, REPORT_IT, cause);
  const { code } = cause;
  const row = KNOWN_CODES.find(({ prefix }) => code.startsWith(prefix));
  return new CliError(row?.exit ?? 'internal', { of: code }, cause.message, row?.remedy ?? REPORT_IT, cause);
}
