import type { Command } from 'commander';
import { isProcedure, PROCEDURES } from '../actions/asked.js';
import { momentOf } from '../decide/moment.js';
import { PROCEDURE_NAMES, type AcceptedLoss, type ProcedureName } from '../model/procedure.js';
import { misfitOf, type RunRequest } from '../model/procedure-run.js';
import { isStaged, STAGED_NAMES, STAGED_ROWS, type StagedName } from '../model/staged.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { freshValue } from '../model/reading.js';
import { CliError, exitCode } from './cli-error.js';
import type { DaemonClient, ProcedureBody } from './client.js';
import {
  clientOf,
  hasMember,
  nowOf,
  oneScope,
  print,
  printJson,
  reasonOf,
  styleOf,
  withCommon,
  type Common,
  type Context,
} from './context.js';
import { startStaged } from './commands-run.js';
import { watch } from './progress.js';
import { typed } from './render/paint.js';
import { renderAnswer, renderProcedures } from './render/procedure.js';

type Options = Common & {
  readonly candidate?: string;
  readonly leader?: string;
  readonly at?: string;
  readonly acceptLoss?: string;
  readonly reason?: string;
  readonly dryRun?: true;
  readonly plan?: true;
  readonly back?: true;
  readonly set?: readonly string[];
  readonly wait: boolean;
};

/** A runbook procedure started by a person: the same gates, journal and verification as what the daemon starts by itself. */
export function addProcedureCommand(program: Command, context: Context): void {
  withCommon(program.command('run-procedure'))
    .description('start a runbook procedure: planned, put to every gate, sent, verified; without a name: the list')
    .argument('[name]', 'switchover, failover, restart-member ...')
    .argument('[member]', 'for procedures of one member')
    .option('--candidate <MEMBER>', 'who shall lead')
    .option('--leader <MEMBER>', 'who leads now; refused if it is another one (default: whom the daemon sees)')
    .option('--at <TIME>', 'for a scheduled switchover: ISO 8601 with its offset, like 2026-11-22T02:00:00Z')
    .option('--accept-loss <BYTES>', 'data that may be lost, as the refusal states it; any: also what nobody can count')
    .option('--reason <TEXT>', 'goes into the journal')
    .option('--dry-run', 'plan it, ask every gate, send nothing')
    .option('--plan', 'of a procedure of several stages: every stage with its requests; sends nothing')
    .option('--back', 'of rolling-restart: hand leadership back in the end')
    .option('--set <NAME=VALUE...>', 'a parameter of a procedure; may be given several times')
    .option('--no-wait', 'do not wait for the verdict')
    .option(
      '--follow',
      'of a procedure of several stages: a line a stage until it ends or asks (default: on a terminal)',
    )
    .addHelpText('after', `\nProcedures:\n${renderProcedures()}`)
    .action(async (name: string | undefined, member: string | undefined, options: Options) => {
      if (name === undefined) list(context, options);
      else if (isStaged(name)) await staged(context, name, member, options);
      else await start(context, known(name), member, options);
    });
}

async function staged(context: Context, name: StagedName, member: string | undefined, options: Options): Promise<void> {
  const isShown = options.plan === true || options.dryRun === true;
  const request: RunRequest = {
    name,
    member: member ?? null,
    candidate: options.candidate ?? null,
    parameters: parametersOf(STAGED_ROWS[name].usage, options.set ?? []),
    back: options.back === true,
    reason: isShown ? (options.reason ?? 'shown') : reasonOf(options),
    dryRun: isShown,
  };
  const misfit = misfitOf(request);
  if (misfit !== null)
    throw new CliError('usage', 'unknown-procedure', misfit, `Write it as: ${STAGED_ROWS[name].usage}.`);
  await startStaged(context, options, request);
}

/** `NAME=VALUE`, each once. */
function parametersOf(usage: string, texts: readonly string[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    const key = text.slice(0, at);
    if (at < 1 || Object.hasOwn(found, key))
      throw new CliError(
        'usage',
        'unknown-procedure',
        at < 1 ? `--set is ${JSON.stringify(text)}` : `--set ${key} is there twice`,
        `Write --set NAME=VALUE, each name once: ${usage}.`,
      );
    found[key] = text.slice(at + 1);
  }
  return found;
}

/** The others are stages of a procedure only, and cannot be asked for. */
const ALONE = PROCEDURE_NAMES.filter((name) => PROCEDURES[name].alone !== false);

function list(context: Context, options: Common): void {
  if (options.json === true)
    printJson(context, [
      ...ALONE.map((name) => ({ name, ...PROCEDURES[name] })),
      ...STAGED_NAMES.map((name) => ({ name, usage: STAGED_ROWS[name].usage, summary: STAGED_ROWS[name].summary })),
    ]);
  else print(context, renderProcedures());
}

function known(name: string): ProcedureName {
  if (isProcedure(name) && PROCEDURES[name].alone !== false) return name;
  throw new CliError(
    'usage',
    'unknown-procedure',
    isProcedure(name)
      ? `${name} is a stage of other procedures and is not started alone`
      : `there is no procedure ${name}`,
    `There are: ${[...ALONE, ...STAGED_NAMES].join(', ')}.`,
  );
}

async function start(
  context: Context,
  name: ProcedureName,
  member: string | undefined,
  options: Options,
): Promise<void> {
  const body = bodyOf(context, name, member, options);
  const client = await clientOf(context, options);
  const about = body.target ?? body.candidate ?? body.leader;
  const scope = await oneScope(client, options, about === undefined ? null : hasMember(about));
  const answer = await client.runProcedure(scope, { ...body, ...(await leaderOf(client, scope, body)) });
  const json = options.json === true;
  if ('blocks' in answer && answer.blocks.length > 0) context.exit = exitCode('held');
  if (answer.kind !== 'started' || !options.wait) {
    if (json) printJson(context, { answer });
    else print(context, typed(styleOf(context), renderAnswer(answer, styleOf(context)), scope));
    return;
  }
  if (!json) print(context, typed(styleOf(context), renderAnswer(answer, styleOf(context)), scope));
  const ended = await watch(context, client, { scope, id: answer.id, quiet: json });
  if (json) printJson(context, { answer, ...ended });
}

/** What is wrong as it is written is said before anything is asked of the daemon. */
function bodyOf(context: Context, name: ProcedureName, member: string | undefined, options: Options): ProcedureBody {
  const { candidate, leader, at } = options;
  const reason = reasonOf(options);
  const fault = at === undefined ? null : momentOf(at, nowOf(context));
  if (typeof fault === 'string')
    throw new CliError(
      'usage',
      'bad-time',
      `--at ${fault}`,
      'Write it with its offset, like 2026-11-22T02:00:00Z, and later than now.',
    );
  return {
    name,
    reason,
    ...(member === undefined ? {} : { target: member }),
    ...(candidate === undefined ? {} : { candidate }),
    ...(leader === undefined ? {} : { leader }),
    ...(at === undefined ? {} : { scheduledAt: at }),
    ...(options.acceptLoss === undefined ? {} : { acceptLoss: lossOf(options.acceptLoss) }),
    ...(options.set === undefined ? {} : { parameters: parametersOf(PROCEDURES[name].usage, options.set) }),
    ...(options.dryRun === undefined ? {} : { dryRun: options.dryRun }),
  };
}

function lossOf(text: string): AcceptedLoss {
  if (text === 'any') return text;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new CliError(
    'usage',
    'bad-number',
    `--accept-loss is ${JSON.stringify(text)}`,
    'Write the number of bytes that the refusal states, or any.',
  );
}

/** Whom the person sees leading, so that a change between their look and the request is noticed. */
async function leaderOf(client: DaemonClient, scope: string, body: ProcedureBody): Promise<{ leader?: string }> {
  if (body.leader !== undefined || PROCEDURES[body.name].takes.leader === 'no') return {};
  const leader = holderIn(await client.snapshot(scope));
  return leader === null ? {} : { leader };
}

const holderIn = ({ view }: ClusterSnapshot): string | null =>
  view === null ? null : (freshValue(view.dcs.keys)?.leader.holder ?? null);
