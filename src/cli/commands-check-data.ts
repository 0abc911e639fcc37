import type { Command } from 'commander';
import type { DataCheck } from '../model/data-check.js';
import { spanText } from '../words/amounts.js';
import { exitCode } from './cli-error.js';
import type { DaemonClient } from './client.js';
import {
  clientOf,
  nowOf,
  hasMember,
  oneScope,
  scopesOf,
  print,
  printJson,
  withCommon,
  type Common,
  type Context,
} from './context.js';
import { clean } from './render/paint.js';
import { renderDataCheck } from './render/data-check.js';

type Options = Common & { readonly database?: string; readonly leader?: boolean; readonly wait?: boolean };

const EVERY_MS = 1_000;
/** A check that takes long is told again so often. */
const AGAIN_MS = 60_000;

/** `ekimi check-data`: the data of one member read by pg_amcheck; nothing is repaired. */
export function addCheckDataCommand(program: Command, context: Context): void {
  withCommon(program.command('check-data'))
    .description('read all data of a member with pg_amcheck and tell what is wrong; nothing is repaired')
    .argument('[member]', 'a replica; without one the last check of each member is shown')
    .option('--database <NAME>', 'this database alone')
    .option('--leader', 'also where it leads')
    .option('--no-wait', 'begin it, and do not wait for what it finds')
    .action(async (member: string | undefined, options: Options) => {
      const client = await clientOf(context, options);
      if (member === undefined) await list(context, client, options);
      else await check(context, client, { scope: await oneScope(client, options, hasMember(member)), member }, options);
    });
}

/** Of each cluster, under its name where there are several. */
async function list(context: Context, client: DaemonClient, options: Options): Promise<void> {
  const scopes = await scopesOf(client, options);
  const found = await Promise.all(scopes.map(async (scope) => ({ scope, checks: await client.checks(scope) })));
  const [only] = found;
  if (options.json === true) {
    printJson(context, found.length === 1 && only !== undefined ? { checks: only.checks } : found);
    return;
  }
  for (const { scope, checks } of found) {
    const rows = Object.entries(checks);
    if (found.length > 1) print(context, clean(scope));
    if (rows.length === 0) print(context, 'no check of any member is known: ekimi check-data MEMBER begins one');
    else print(context, rows.map(([name, row]) => renderDataCheck(name, row, nowOf(context))).join('\n'));
  }
}

async function check(
  context: Context,
  client: DaemonClient,
  { scope, member }: { readonly scope: string; readonly member: string },
  { database, leader = false, wait, json }: Options,
): Promise<void> {
  const { text, startedMs } = await client.checkData(scope, { member, database: database ?? null, leader });
  if (wait === false) {
    if (json === true) printJson(context, { ok: true, text });
    else print(context, `${text}; ekimi check-data shows what comes of it`);
    return;
  }
  const ended = await followed(context, client, { scope, member, startedMs, quiet: json === true });
  if (ended === null) {
    if (json !== true) print(context, 'it goes on: ekimi check-data shows what comes of it');
    context.exit = exitCode('failed');
    return;
  }
  if (json === true) printJson(context, { check: ended });
  else print(context, renderDataCheck(member, ended, nowOf(context)));
  context.exit = exitCode(ended.found > 0 || ended.gaps.length > 0 ? 'failed' : 'ok');
}

interface Followed {
  readonly scope: string;
  readonly member: string;
  readonly startedMs: number | undefined;
  readonly quiet: boolean;
}

/** The check once it has ended; null: whoever waits for it has gone. */
async function followed(
  context: Context,
  client: DaemonClient,
  { scope, member, startedMs, quiet }: Followed,
): Promise<DataCheck | null> {
  const beganMs = nowOf(context);
  let toldMs = beganMs;
  let wasSeen = false;
  while (!context.io.stop.aborted) {
    await context.io.sleep(EVERY_MS);
    const row = (await client.checks(scope))[member];
    // The first pass after it began has not been published yet: what is shown until then is the check before.
    const isOurs = row !== undefined && row.startedMs >= (startedMs ?? beganMs - AGAIN_MS);
    // One that a reload has ended begins anew.
    if (isOurs && row.endedMs !== null && row.interrupted !== true) return row;
    wasSeen ||= isOurs;
    if (wasSeen && !isOurs) {
      print(
        context,
        `the check of ${member} has ended with the watch over its cluster: a changed ekimi.yaml was taken in, or Ekimi was started anew; ask again`,
      );
      return null;
    }
    if (!quiet && nowOf(context) - toldMs >= AGAIN_MS) {
      toldMs = nowOf(context);
      print(context, `the data of ${member} is being checked for ${spanText(toldMs - beganMs)}`);
    }
  }
  return null;
}
