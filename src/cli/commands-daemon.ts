import type { Command } from 'commander';
import { isOpen } from '../model/incident.js';
import { FOREIGN_WORK, foreignInFlight } from '../model/foreign.js';
import type { Ledger } from '../model/ledger.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { pageKey } from '../model/page.js';
import { CliError, exitCode } from './cli-error.js';
import type { DaemonClient } from './client.js';
import {
  clientOf,
  hasMember,
  oneScope,
  scopesOf,
  print,
  printJson,
  reasonOf,
  snapshotsOf,
  withCommon,
  type Common,
  type Context,
} from './context.js';
import { clean } from './render/paint.js';
import { parseDuration } from './times.js';

/** Commands that talk to a running daemon. */
export function addDaemonCommands(program: Command, context: Context): void {
  for (const verb of ['approve', 'reject'] as const)
    withCommon(program.command(verb))
      .description(
        verb === 'approve' ? 'let a waiting plan run; it is made again before it is sent' : 'say no to a waiting plan',
      )
      .argument('<id>', 'as "ekimi status" shows it')
      .requiredOption('--reason <TEXT>', 'goes into the journal')
      .action((id: string, options: Common & { reason: string }) => decide(context, verb, id, options));

  withCommon(program.command('acknowledge'))
    .description('you look after an incident: nobody else is called for it, until it becomes another thing')
    .argument('<id>', 'of the incident, or what the message goes by, as it and "ekimi incident" show it')
    .requiredOption('--reason <TEXT>', 'goes into the journal')
    .action((id: string, options: Common & { reason: string }) => acknowledge(context, id, options));

  withCommon(program.command('pause'))
    .description('kill switch on: watch and explain, send nothing')
    .option('--subject <SUBJECT>', 'global, cluster, member:NAME or action:NAME', 'cluster')
    .requiredOption('--reason <TEXT>', 'goes into the journal')
    .option('--for <DURATION>', 'ends by itself after this, like 2h; without it, somebody must resume')
    .action((options: Common & { subject: string; reason: string; for?: string }) => pause(context, options));

  withCommon(program.command('resume'))
    .description('kill switch off')
    .option('--subject <SUBJECT>', 'as it was paused', 'cluster')
    .action(async (options: Common & { subject: string }) => {
      const client = await clientOf(context, options);
      done(
        context,
        options,
        await client.resume(await scopeFor(client, options, options.subject, isOn(options.subject)), options.subject),
      );
    });
}

function done(context: Context, options: Common, text: string): void {
  if (options.json === true) printJson(context, { ok: true, text });
  else print(context, clean(text));
  context.exit = exitCode('ok');
}

/** An approval's id is enough: the cluster is found by it. */
async function decide(
  context: Context,
  verb: 'approve' | 'reject',
  id: string,
  options: Common & { reason: string },
): Promise<void> {
  const reason = reasonOf(options);
  const client = await clientOf(context, options);
  const snapshots = await snapshotsOf(client, options);
  const owner = snapshots.find(({ ledger }) => ledger.approvals.some((approval) => approval.id === id));
  if (owner === undefined) {
    const waiting = snapshots.flatMap(({ ledger }) =>
      ledger.approvals.filter((approval) => approval.state === 'waiting'),
    );
    throw new CliError(
      'absent',
      'no-approval',
      `there is no approval ${id}`,
      waiting.length === 0 ? 'Nothing waits for a person now.' : `Waiting: ${waiting.map((one) => one.id).join(', ')}.`,
    );
  }
  done(context, options, await client.decide(owner.scope, id, verb, reason));
}

/** All that a message may have shown: incidents that are open or were joined to another since, and what messages went by without one. */
const idsToldIn = ({ incidents = [], pages }: Ledger): readonly string[] => [
  ...new Set([
    ...incidents.filter((one) => isOpen(one) || one.joinedTo !== undefined).map((one) => one.id),
    ...pages.flatMap((row) => [pageKey(row), ...(row.incident === undefined ? [] : [row.incident])]),
  ]),
];

/** What is over, whatever names it still. */
const endedIn = ({ incidents = [] }: Ledger): readonly string[] =>
  incidents.filter((one) => !isOpen(one)).map(({ id }) => id);

/** The cluster is found by the id, of which the beginning is enough; whether anything of it stands the daemon says. */
async function acknowledge(context: Context, id: string, options: Common & { reason: string }): Promise<void> {
  const reason = reasonOf(options);
  const client = await clientOf(context, options);
  const snapshots = await snapshotsOf(client, options);
  const { presentId } = await import('../ledger/incident-of.js');
  const known = snapshots.flatMap(({ scope, ledger }) =>
    idsToldIn(ledger).map((one) => ({ scope, id: one, now: presentId(ledger.incidents ?? [], one) })),
  );
  const exact = known.filter((one) => one.id === id || `${one.scope}/${one.id}` === id);
  const begun = exact.length > 0 ? exact : known.filter((one) => one.id.startsWith(id));
  const isOver = new Set(snapshots.flatMap(({ ledger }) => endedIn(ledger)));
  const present = [...new Set(known.map(({ now }) => now))].filter((one) => !isOver.has(one));
  const [owner, ...others] = begun;
  if (owner === undefined || others.length > 0)
    throw new CliError(
      'absent',
      'no-incident',
      `there is no one open incident ${id}`,
      present.length === 0 ? 'None is open.' : `Open: ${present.join(', ')}.`,
    );
  // What was joined to another is answered, and journaled, under the name that it has now.
  done(context, options, await client.acknowledge(owner.scope, owner.now, reason));
}

/** `global` is for all of them, whichever is asked. */
async function scopeFor(
  client: DaemonClient,
  options: Common,
  subject: string,
  isIt: ((snapshot: ClusterSnapshot) => boolean) | null,
): Promise<string> {
  const [first] = subject === 'global' ? await scopesOf(client, options) : [];
  return first ?? oneScope(client, options, isIt);
}

/** Whose member it is. */
function isAbout(subject: string): ((snapshot: ClusterSnapshot) => boolean) | null {
  if (subject.startsWith('member:')) return hasMember(subject.slice('member:'.length));
  return null;
}

/** Where something is on under that subject: a kill switch, the breaker, another version's work. */
const isOn =
  (subject: string) =>
  ({ ledger }: ClusterSnapshot): boolean =>
    ledger.switches.some((one) => one.subject === subject) ||
    (subject === 'breaker' && ledger.breaker !== null) ||
    (subject === FOREIGN_WORK && foreignInFlight(ledger).length > 0);

const SUBJECT = /^(global|cluster|member:.{1,128}|action:[a-z-]{1,64})$/;

function subjectOf(text: string): string {
  if (SUBJECT.test(text)) return text;
  throw new CliError(
    'usage',
    'bad-subject',
    `--subject is ${JSON.stringify(text)}`,
    'Write global, cluster, member:NAME or action:NAME.',
  );
}

async function pause(
  context: Context,
  options: Common & { subject: string; reason: string; for?: string },
): Promise<void> {
  const subject = subjectOf(options.subject);
  const expiresInMs = options.for === undefined ? undefined : parseDuration(options.for);
  const client = await clientOf(context, options);
  const body = {
    subject,
    reason: reasonOf(options),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
  };
  done(context, options, await client.pause(await scopeFor(client, options, subject, isAbout(subject)), body));
}
