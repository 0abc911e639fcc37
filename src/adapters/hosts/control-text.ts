import type { ControlData } from '../../model/control.js';
import { parseLsn } from '../../model/names.js';
import { controlOf } from './control-file.js';
import { FIND_DATA, OF_VERSION, programPlaces } from './waldump.js';

/**
 * Prints what pg_controldata says of a member's data directory, also while nothing runs there; arguments are places of patroni.yml. The program is
 * that of the directory's own version, or none.
 */
export const CONTROL_SCRIPT = [
  'LC_ALL=C; export LC_ALL; d= b= c=',
  ...FIND_DATA,
  'no() { echo "$*" >&2; exit 4; }',
  '[ -n "$d" ] && [ -r "$d/PG_VERSION" ] || no "no data directory can be read"',
  'v=$(cat "$d/PG_VERSION")',
  programPlaces('pg_controldata'),
  '[ -x "$p/pg_controldata" ] || continue',
  `case "$("$p/pg_controldata" --version)" in ${OF_VERSION}) c=$p/pg_controldata; break;; esac`,
  'done',
  '[ -n "$c" ] || no "pg_controldata of version $v is not there"',
  'exec "$c" "$d" 2>&1',
].join('\n');

/** Longer than that is no answer of pg_controldata. */
const MOST_LINES = 200;
/** Its own words for a file that is torn, of another version or of another machine: it prints what stands there all the same. */
const DOUBTS = /checksum does not match|byte ordering|invalid WAL segment size|control file is corrupt/i;
const NUMBER = /^\d{1,20}$/;

/** What pg_controldata printed, under `LC_ALL=C`; a text: why it tells nothing. `stderr`: newer versions warn there. */
export function controlFromText(stdout: string, stderr = ''): ControlData | string {
  const lines = stdout.split('\n', MOST_LINES + 1);
  if (lines.length > MOST_LINES) return 'it printed more than pg_controldata does';
  const doubt = [...lines, ...stderr.split('\n')].find((line) => DOUBTS.test(line));
  if (doubt !== undefined) return `its control file is not to be believed (${doubt.trim().slice(0, 120)})`;
  const of = (name: string): string => {
    const found = lines.filter((line) => line.startsWith(`${name}:`));
    return found.length === 1 ? (found[0]?.slice(name.length + 1).trim() ?? '') : '';
  };
  const number = (name: string): number | null => (NUMBER.test(of(name)) ? Number(of(name)) : null);
  const systemIdentifier = of('Database system identifier');
  const [version, timeline, minTimeline] = [
    number('pg_control version number'),
    number("Latest checkpoint's TimeLineID"),
    number("Min recovery ending loc's timeline"),
  ];
  const [checkpoint, minimum] = [
    parseLsn(of('Latest checkpoint location')),
    parseLsn(of('Minimum recovery ending location')),
  ];
  if (!NUMBER.test(systemIdentifier) || version === null || timeline === null || minTimeline === null)
    return 'it printed no control file (LC_ALL=C pg_controldata)';
  if (checkpoint === null || minimum === null) return 'it printed no position of a checkpoint';
  return controlOf({ version, systemIdentifier, state: of('Database cluster state') }, [
    { timeline, lsn: checkpoint },
    { timeline: minTimeline, lsn: minimum },
  ]);
}
