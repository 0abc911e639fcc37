import type { Command } from 'commander';
import type { JournalEntry } from '../model/entry.js';
import type { Incident } from '../model/incident.js';
import { CliError } from './cli-error.js';
import type { DaemonClient } from './client.js';
import { entriesOf, withJournal, type JournalOptions } from './commands-journal.js';
import { clientOf, nowOf, print, printJson, scopesOf, styleOf, withZone, zoneOf, type Context } from './context.js';
import { parseTime } from './times.js';

type IncidentOptions = JournalOptions & { readonly since?: string };

/** `ekimi incident [ID]`: which there are, or the story of one. */
export function addIncidentCommand(program: Command, context: Context): void {
  withZone(withJournal(program.command('incident').alias('incidents')))
    .description('the open incidents and the last ones that ended; with an ID, the story of one from the journal')
    .argument('[id]', 'as "ekimi status" shows it; its beginning is enough')
    .option('--since <TIME>', 'all that were open from then on: 7d (ago), 09:30 or ISO 8601')
    .action((id: string | undefined, options: IncidentOptions) =>
      options.journal === undefined ? fromDaemon(context, id, options) : fromJournal(context, id, options),
    );
}

async function fromDaemon(context: Context, id: string | undefined, options: IncidentOptions): Promise<void> {
  const client = await clientOf(context, options);
  const scopes = await scopesOf(client, options);
  const sinceMs = sinceOf(context, id, options);
  if (id === undefined) {
    const listOf = async (scope: string) => ({ scope, incidents: await client.incidents(scope, sinceMs) });
    return list(context, await Promise.all(scopes.map(listOf)), options);
  }
  const told = (await Promise.all(scopes.map((scope) => oneOf(client, scope, id)))).flatMap((one) => one ?? []);
  const [found, ...others] = told;
  if (found === undefined) throw notThere(id);
  if (others.length > 0)
    throw unknown(
      id,
      told.map(({ incident }) => incident),
    );
  const { incident, lines } = found;
  if (options.json === true) {
    printJson(context, { incident, lines, more: false });
    return;
  }
  const { renderIncident } = await import('./render/incident.js');
  print(context, renderIncident(incident, lines, styleOf(context)), incident.openedAtMs);
}

/** Of the ledger or the journal of that cluster; null: it has none that begins so. */
async function oneOf(
  client: DaemonClient,
  scope: string,
  id: string,
): Promise<Awaited<ReturnType<DaemonClient['incident']>> | null> {
  try {
    return await client.incident(scope, id);
  } catch (cause) {
    if (cause instanceof CliError && cause.code === 'unknown-incident') return null;
    throw cause;
  }
}

const notThere = (id: string): CliError =>
  new CliError(
    'absent',
    'no-incident',
    `neither the ledger nor the journal of the daemon has an incident ${id}`,
    'List them with: ekimi incident --since 30d. One that another instance saw stands in the journal of that one: ask it with --url.',
  );

/** null: not asked for. It is a limit of the list. */
function sinceOf(context: Context, id: string | undefined, options: IncidentOptions): number | null {
  if (options.since === undefined) return null;
  const sinceMs = parseTime(options.since, nowOf(context), zoneOf(options));
  if (id === undefined) return sinceMs;
  throw new CliError(
    'usage',
    'bad-time',
    '--since is for the list, and an incident is named',
    'Leave one of them out.',
  );
}

/** From the files alone: the last that was written of each incident, and what names it. */
async function fromJournal(context: Context, id: string | undefined, options: IncidentOptions): Promise<void> {
  const sinceMs = sinceOf(context, id, options) ?? Number.NEGATIVE_INFINITY;
  const { isIn } = await import('../ledger/incident-of.js');
  const byScope = new Map<string, Map<string, Incident>>();
  const named: JournalEntry[] = [];
  for await (const entry of entriesOf(context, options)) {
    const { body, scope } = entry;
    const known = byScope.get(scope) ?? new Map<string, Incident>();
    byScope.set(scope, known);
    if (body.kind === 'incident') known.set(body.of.id, body.of);
    if (id !== undefined && [...known.keys()].some((one) => one.startsWith(id) && isIn(body, one))) named.push(entry);
  }
  const lists = [...byScope].map(([scope, known]) => ({
    scope,
    incidents: [...known.values()].filter(({ endedAtMs }) => (endedAtMs ?? sinceMs) >= sinceMs).reverse(),
  }));
  if (id === undefined) return list(context, lists, options);
  const all = lists.flatMap(({ incidents }) => incidents);
  const [incident, ...others] = all.filter((one) => one.id.startsWith(id));
  if (incident === undefined || others.length > 0)
    throw unknown(id, incident === undefined ? all : [incident, ...others]);
  const { narrate } = await import('../words/narrate.js');
  const { incidentOverview } = await import('../words/incident.js');
  const { renderIncident } = await import('./render/incident.js');
  const lines = named.map(narrate);
  if (options.json === true)
    printJson(context, { incident: incidentOverview(incident, nowOf(context)), lines, more: false });
  else print(context, renderIncident(incident, lines, styleOf(context)), incident.openedAtMs);
}

async function list(
  context: Context,
  lists: readonly { readonly scope: string; readonly incidents: readonly Incident[] }[],
  options: JournalOptions,
): Promise<void> {
  if (options.json === true) {
    printJson(context, lists);
    return;
  }
  const { renderIncidents } = await import('./render/incident.js');
  const style = styleOf(context);
  print(context, lists.map(({ scope, incidents }) => renderIncidents(scope, incidents, style)).join('\n\n'));
}

const unknown = (id: string, incidents: readonly Incident[]): CliError =>
  new CliError(
    'absent',
    'no-incident',
    `there is no one incident ${id}`,
    incidents.length === 0 ? 'None is kept.' : `There are: ${incidents.map((one) => one.id).join(', ')}.`,
  );
