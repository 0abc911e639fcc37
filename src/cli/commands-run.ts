import type { Command } from 'commander';
import type { RunOverview } from '../api/run-overview.js';
import { toJson } from '../model/json.js';
import { isRunChange, RUN_CHANGES, type RunRequest } from '../model/procedure-run.js';
import { CliError } from './cli-error.js';
import {
  clientOf,
  hasMember,
  oneScope,
  print,
  printJson,
  reasonOf,
  scopesOf,
  styleOf,
  withCommon,
  type Common,
  type Context,
} from './context.js';
import { followRun } from './follow-run.js';
import { typed } from './render/paint.js';
import { renderRun, renderStages } from './render/run.js';

/** `follow`: absent: on a terminal; `wait`: `--no-wait`. */
type Starting = Common & { readonly follow?: boolean; readonly wait?: boolean };
type Options = Common & { readonly reason?: string; readonly seen?: string };

/** `ekimi procedures`: those of several stages that are under way, and a person's word on them. */
export function addRunCommand(program: Command, context: Context): void {
  withCommon(program.command('procedures'))
    .description(
      'the procedure of several stages that is under way, and the last that ended; or pause, continue, abort one',
    )
    .argument('[change]', RUN_CHANGES.join(', '))
    .argument('[id]', 'as "ekimi procedures" shows it')
    .option('--reason <TEXT>', 'goes into the journal')
    .option('--seen <MARK>', 'of continue: agrees to this list alone, as "ekimi procedures" shows its mark')
    .action((change: string | undefined, id: string | undefined, options: Options) =>
      change === undefined ? list(context, options) : changeOne(context, change, id, options),
    );
}

async function list(context: Context, options: Options): Promise<void> {
  const client = await clientOf(context, options);
  const scopes = await scopesOf(client, options);
  const lists = await Promise.all(scopes.map(async (scope) => ({ scope, runs: await client.runs(scope) })));
  if (options.json === true) {
    printJson(context, lists);
    return;
  }
  const texts = lists.flatMap(({ scope, runs }) => runs.map((run) => renderRun(scope, run, styleOf(context))));
  print(
    context,
    texts.length === 0 ? 'no procedure of several stages is under way, and none ended' : texts.join('\n\n'),
  );
}

async function changeOne(context: Context, change: string, id: string | undefined, options: Options): Promise<void> {
  if (!isRunChange(change) || id === undefined)
    throw new CliError(
      'usage',
      'unknown-procedure',
      id === undefined ? `${change}: which one?` : `${change} is none of ${RUN_CHANGES.join(', ')}`,
      'Write it as: ekimi procedures pause|continue|abort ID --reason TEXT; ekimi procedures lists them.',
    );
  const reason = reasonOf(options);
  const client = await clientOf(context, options);
  const { scope, run } = await ownerOf(await scopesOf(client, options), (of) => client.runs(of), id);
  if (change === 'continue' && run.asking != null && options.seen === undefined) throw unanswered(run);
  const text = await client.changeRun(scope, id, change, reason, options.seen);
  if (options.json === true) printJson(context, { ok: true, text });
  else print(context, text);
}

async function ownerOf(
  scopes: readonly string[],
  runsOf: (scope: string) => Promise<readonly RunOverview[]>,
  id: string,
): Promise<{ readonly scope: string; readonly run: RunOverview }> {
  const lists = await Promise.all(scopes.map(async (scope) => ({ scope, runs: await runsOf(scope) })));
  for (const { scope, runs } of lists) {
    const run = runs.find((row) => row.id === id);
    if (run !== undefined) return { scope, run };
  }
  const ids = lists.flatMap(({ runs }) => runs.map((run) => run.id));
  throw new CliError(
    'usage',
    'unknown-procedure',
    `there is no procedure ${id}`,
    `There are: ${ids.join(', ') || 'none'}. A single action that was sent is not ended, ekimi status shows it; a switchover for later is taken back by ekimi run-procedure cancel-switchover.`,
  );
}

/** It waits for an answer: whoever gives one has to have read this question, not the one before it. */
const unanswered = ({ id, now, mark }: RunOverview): CliError =>
  new CliError(
    'refused',
    'unanswered',
    `it asks: ${now}`,
    `Yes: ekimi procedures continue ${id} --seen ${mark} --reason TEXT. No: ekimi procedures abort ${id} --reason TEXT.`,
  );

/** `ekimi run-procedure`, for those of several stages. */
export async function startStaged(context: Context, options: Starting, request: RunRequest): Promise<void> {
  const client = await clientOf(context, options);
  const about = request.member ?? request.candidate;
  const scope = await oneScope(client, options, about === null ? null : hasMember(about));
  const answer = await client.startRun(scope, request);
  if (options.json === true && options.follow === true) print(context, toJson({ answer }));
  else if (options.json === true) printJson(context, { answer });
  else print(context, typed(styleOf(context), renderStages(answer, styleOf(context)), scope));
  const json = options.json === true;
  const follows = (options.follow ?? (context.io.interactive && !json)) && options.wait !== false;
  if (answer.kind === 'started' && follows) await followRun(context, client, { scope, id: answer.id, json });
}
