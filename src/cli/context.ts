import { Option, type Command } from 'commander';
import { toJson } from '../model/json.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { isZone } from '../model/zone.js';
import { withAsked, type Asked } from '../words/scoped.js';
import { inZone } from '../words/zone.js';
import type { CommandBackend } from './backend.js';
import { CliError } from './cli-error.js';
import { DaemonClient } from './client.js';
import type { Trust } from './exchange.js';
import type { CliIo } from './io.js';
import type { Style } from './render/paint.js';

/** Options that every command takes. */
export interface Common {
  readonly json?: true;
  readonly config?: string;
  readonly url?: string;
  readonly scope?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  /** Of those that show times. */
  readonly tz?: string;
}

export interface Context {
  readonly backend: CommandBackend;
  readonly io: CliIo;
  /** Set by the command that ran. */
  exit: number;
  /** How far the clock of the daemon that answered last is ahead of ours. */
  aheadMs: number;
  /** What is shown is of one of several clusters. */
  several: boolean;
  /** In which times are shown, of IANA; null: in UTC, as they are written, and so in JSON always. */
  zone: string | null;
  /** What the command line said of where the daemon is; empty too where the answer is for a program. */
  asked: Asked;
}

const DEFAULT_URL = 'http://127.0.0.1:8470';
const CONFIG_PLACES = ['./ekimi.yaml', './config/ekimi.yaml'];

const OF_FILES: readonly (readonly [flags: string, text: string])[] = [
  ['--json', 'print JSON'],
  ['--config <FILE>', `the configuration (EKIMI_CONFIG; else ${CONFIG_PLACES.join(', ')})`],
];
const OF_DAEMON: typeof OF_FILES = [
  ['--url <URL>', `the daemon (EKIMI_URL; else what the configuration says, else ${DEFAULT_URL})`],
  ['--scope <NAME>', 'one cluster (default: all of them)'],
  ['--token-file <FILE>', 'a file that holds the API token (else EKIMI_TOKEN)'],
  ['--ca <FILE>', 'who signed the certificate of an https daemon (EKIMI_CA; else the authorities of this machine)'],
  ['--cert <FILE>', 'our certificate and its key in one file, where the daemon asks for one (EKIMI_CERT)'],
];

function withOptions(command: Command, rows: typeof OF_FILES, isHidden: boolean): Command {
  for (const [flags, text] of rows) command.addOption(new Option(flags, text).hideHelp(isHidden));
  return command;
}

export const withCommon = (command: Command): Command => withOptions(command, [...OF_FILES, ...OF_DAEMON], false);

/** For a command that asks no daemon: the options of one mean nothing to it, are taken as ever, and are not offered. */
export const withFiles = (command: Command): Command =>
  withOptions(withOptions(command, OF_FILES, false), OF_DAEMON, true);

export const withZone = (command: Command): Command =>
  command.option('--tz <ZONE>', 'show and read times in this zone, like Europe/Berlin, or local (default: UTC)');

/** The zone that is meant; null: UTC. */
export function zoneOf({ tz }: Common): string | null {
  if (tz === undefined) return null;
  const zone = tz === 'local' ? new Intl.DateTimeFormat().resolvedOptions().timeZone : tz;
  if (isZone(zone)) return zone;
  throw new CliError(
    'usage',
    'bad-zone',
    `--tz is ${JSON.stringify(tz)}, which is no time zone`,
    'Write a name of IANA, like Europe/Berlin (abbreviations such as CEST are none), or local.',
  );
}

/** Now, by the clock of the daemon where one has answered. */
export const nowOf = ({ io, aheadMs }: Context): number => io.now() + aheadMs;

export const styleOf = (context: Context): Style => ({
  color: context.io.color,
  columns: context.io.columns,
  nowMs: nowOf(context),
  several: context.several,
  asked: context.asked,
});

/** A text for people, with its times in the zone that was asked for. `nearMs`: of what time it is; else of now. */
export const print = (context: Context, text: string, nearMs = nowOf(context)): void => {
  context.io.stdout(`${zoned(context.zone, withAsked(text, context.asked), nearMs)}\n`);
};

const zoned = (zone: string | null, text: string, nearMs: number): string =>
  zone === null ? text : inZone(text, zone, nearMs);

export const printJson = ({ io }: Context, value: unknown): void => {
  io.stdout(`${toJson(value, 2)}\n`);
};

/** The configuration file that is meant, or null where none lies in the usual places. An explicit one must exist. */
function findConfig({ io }: Context, options: Common): string | null {
  const named = options.config ?? io.env['EKIMI_CONFIG'];
  if (named !== undefined && !io.fileExists(named))
    throw new CliError('config', 'no-config', `there is no file ${named}`, 'Check --config or EKIMI_CONFIG.');
  return named ?? CONFIG_PLACES.find((place) => io.fileExists(place)) ?? null;
}

export function needConfig(context: Context, options: Common): { configFile: string } {
  const configFile = findConfig(context, options);
  if (configFile !== null) return { configFile };
  throw new CliError(
    'config',
    'no-config',
    `there is no configuration: looked for ${CONFIG_PLACES.join(' and ')}`,
    `Name it with --config FILE.${options.url === undefined ? '' : ' This command looks from here and asks no daemon: --url is of no use to it.'} "ekimi demo" needs none.`,
  );
}

/** A configuration that cannot be used is no obstacle to asking a daemon whose address is given. */
export async function clientOf(context: Context, options: Common): Promise<DaemonClient> {
  const { io, backend } = context;
  const given = await givenToken(context, options);
  const named = options.url ?? io.env['EKIMI_URL'];
  const onTime = (nowMs: number): void => {
    context.aheadMs = nowMs - io.now();
  };
  const onClusters = (count: number): void => {
    context.several = count > 1;
  };
  const told = { onTime, onClusters };
  const trust = await trustOf(context, options);
  if (named !== undefined)
    return new DaemonClient({ url: checkUrl(named), token: given, ...told, trust, expected: null });
  const configFile = findConfig(context, options);
  if (configFile === null) return new DaemonClient({ url: DEFAULT_URL, token: given, ...told, trust, expected: null });
  const { apiUrl, certFile = null, tokenFile, clusters } = await backend.addresses({ configFile });
  const made = given === null ? await madeToken(context, tokenFile) : null;
  const expected = { configFile, clusters, tokenFile: made === null ? null : tokenFile };
  const pinned = trust.ca === undefined && certFile !== null ? await pinnedTo(context, certFile) : {};
  return new DaemonClient({ url: apiUrl, token: given ?? made, ...told, trust: { ...trust, ...pinned }, expected });
}

async function trustOf({ io }: Context, options: Common): Promise<Trust> {
  const ca = options.ca ?? io.env['EKIMI_CA'];
  const own = options.cert ?? io.env['EKIMI_CERT'];
  return {
    ...(ca === undefined ? {} : { ca: await pemIn(io, ca, '--ca') }),
    ...(own === undefined ? {} : { own: await pemIn(io, own, '--cert') }),
  };
}

async function pemIn(io: CliIo, file: string, option: string): Promise<string> {
  const text = await io.readFile(file).catch((cause: unknown) => {
    throw new CliError('absent', 'no-pem-file', `cannot read ${file}`, `Check ${option}.`, cause);
  });
  if (text.includes('-----BEGIN ')) return text;
  throw new CliError('usage', 'no-pem-file', `${file} is not PEM`, `Name a PEM file with ${option}.`);
}

/** The daemon of our own configuration is known by its certificate, whoever signed it: the first of its file. */
const pinnedTo = ({ io }: Context, file: string): Promise<Trust> =>
  io.readFile(file).then(
    (text) => ({ ca: text.slice(0, text.indexOf(PEM_END) + PEM_END.length), isPinned: true }),
    () => ({}),
  );
const PEM_END = '-----END CERTIFICATE-----';

async function givenToken({ io }: Context, options: Common): Promise<string | null> {
  if (options.tokenFile === undefined) return io.env['EKIMI_TOKEN'] ?? null;
  const text = await io.readFile(options.tokenFile).catch((cause: unknown) => {
    throw new CliError(
      'absent',
      'no-token-file',
      `cannot read ${options.tokenFile ?? ''}`,
      'Check --token-file.',
      cause,
    );
  });
  return text.trim();
}

/** The daemon's own token is only ever sent to the address of the same configuration. Who may not read it has none. */
const madeToken = async ({ io }: Context, file: string): Promise<string | null> =>
  io.fileExists(file)
    ? io.readFile(file).then(
        (text) => text.trim(),
        () => null,
      )
    : null;

function checkUrl(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  throw new CliError(
    'usage',
    'bad-url',
    `${JSON.stringify(text)} is not an http address`,
    `Write it like ${DEFAULT_URL} (--url or EKIMI_URL).`,
  );
}

const oneOf = (scopes: readonly string[]): string =>
  scopes.length === 0
    ? 'Configure one under clusters of ekimi.yaml.'
    : `Name one of these with --scope: ${scopes.join(', ')}.`;

/** The scopes that are meant: the one that was named, else all. */
export async function scopesOf(client: DaemonClient, options: Common): Promise<readonly string[]> {
  const scopes = await client.scopes();
  if (options.scope === undefined) return scopes;
  if (scopes.includes(options.scope)) return [options.scope];
  throw new CliError('absent', 'unknown-scope', `the daemon has no cluster ${options.scope}`, oneOf(scopes));
}

/**
 * For a change: one cluster, the named or the only one. Where there are several, the only one that has what is to be changed: a member's name,
 * a switch that is on. `isIt` null: nothing in it tells which.
 */
export async function oneScope(
  client: DaemonClient,
  options: Common,
  isIt: ((snapshot: ClusterSnapshot) => boolean) | null = null,
): Promise<string> {
  const scopes = await scopesOf(client, options);
  const [only] = scopes;
  if (only !== undefined && scopes.length === 1) return only;
  const found = isIt === null ? [] : (await snapshotsOf(client, options)).filter(isIt);
  const [one] = found;
  if (one !== undefined && found.length === 1) return one.scope;
  throw new CliError(
    'usage',
    'which-scope',
    found.length > 1
      ? `${found.map(({ scope }) => scope).join(' and ')} have it, and it is for one of them`
      : 'the daemon has several clusters, and it is for one of them',
    `Name one with --scope: ${(found.length > 1 ? found.map(({ scope }) => scope) : scopes).join(', ')}.`,
  );
}

/** Is it the cluster of that member? */
export const hasMember =
  (member: string) =>
  ({ view }: ClusterSnapshot): boolean =>
    view?.members.some(({ name }) => name === member) === true;

/** Asks the daemon for its clock, by which `10m` ago is meant: `nowOf` is its own from then on. */
export async function byItsClock(context: Context, options: Common): Promise<void> {
  await (await clientOf(context, options)).scopes();
}

export async function snapshotsOf(client: DaemonClient, options: Common): Promise<readonly ClusterSnapshot[]> {
  const scopes = await scopesOf(client, options);
  return Promise.all(scopes.map((scope) => client.snapshot(scope)));
}

/** From a daemon where one was named, else by a pass of our own. */
export async function lookOnce(
  context: Context,
  options: Common,
  how: 'check' | 'plan',
): Promise<readonly ClusterSnapshot[]> {
  const isNamed =
    options.url !== undefined || (options.config === undefined && context.io.env['EKIMI_URL'] !== undefined);
  if (isNamed) return snapshotsOf(await clientOf(context, options), options);
  const snapshots = await context.backend[how](needConfig(context, options));
  context.several = snapshots.length > 1;
  return mustHave(
    snapshots.filter(({ scope }) => options.scope === undefined || scope === options.scope),
    options.scope,
    snapshots.map(({ scope }) => scope),
  );
}

/** What was found of the configuration's clusters, or that it has none of that name. */
export function mustHave<T>(found: readonly T[], scope: string | undefined, scopes: readonly string[]): readonly T[] {
  if (found.length > 0 || scope === undefined) return found;
  throw new CliError('absent', 'unknown-scope', `the configuration has no cluster ${scope}`, oneOf(scopes));
}

/** As commands are printed: copied as they stand, they would put nothing into the journal. */
const STANDS_FOR_WORDS = ['...', '…', 'TEXT'];

/** A person's words for what they start or change; a usage error without. */
export function reasonOf({ reason }: { readonly reason?: string }): string {
  const words = reason?.trim() ?? '';
  if (STANDS_FOR_WORDS.includes(words))
    throw new CliError('usage', 'no-reason', `${words} stands for your words`, 'Write after --reason why you do it.');
  if (words !== '') return words;
  throw new CliError('usage', 'no-reason', 'a reason is missing', 'Give one with --reason: it goes into the journal.');
}
