import { CliError } from './cli-error.js';

/** A cluster as a configuration names it, or as a daemon says that it watches it. */
export interface NamedCluster {
  readonly scope: string;
  /** Absent: not known yet (no pass has ended), or an older daemon that does not say. */
  readonly members?: readonly string[];
  /** The simulated cluster of `ekimi demo`, which no configuration describes, whatever it is called. */
  readonly demo?: true;
}

export interface Expected {
  readonly configFile: string;
  readonly clusters: readonly NamedCluster[];
  /** Where the token lies that was found by the configuration: one who names the address must name it too. */
  readonly tokenFile: string | null;
}

/** Throws where another daemon than that of the configuration answers: its clusters are not shown, paused or acted on as ours. */
export function mustBeOurs(expected: Expected, answered: readonly NamedCluster[], url: string): void {
  const why = differenceOf(expected.clusters, answered);
  if (why === null) return;
  const token = expected.tokenFile === null ? '' : ` --token-file ${expected.tokenFile}`;
  throw new CliError(
    'no-daemon',
    'other-clusters',
    `the daemon at ${url} is not the one of ${expected.configFile}: ${why}`,
    `Start the daemon of this configuration with "ekimi run" (again, if its file was changed since), or see what answers there with --url ${url}${token}.`,
  );
}

function differenceOf(ours: readonly NamedCluster[], theirs: readonly NamedCluster[]): string | null {
  if (theirs.some(({ demo }) => demo === true)) return 'it is a demo, which shows a simulated cluster';
  const [here, there] = [ours, theirs].map((rows) => sorted(rows.map(({ scope }) => scope)));
  if (here !== there) return `it watches ${there ?? ''}, the configuration names ${here ?? ''}`;
  for (const { scope, members = [] } of ours) {
    const seen = theirs.find((row) => row.scope === scope)?.members;
    if (seen === undefined || sorted(seen) === sorted(members)) continue;
    return `its ${scope} is ${sorted(seen)}, that of the configuration is ${sorted(members)}`;
  }
  return null;
}

const sorted = (names: readonly string[]): string => [...names].sort().join(', ') || 'no cluster';
