import type { StoreData } from '../../model/store-data.js';
import { STORE_MOVABLE } from './aside.js';

/**
 * Whether a directory holds the data of an etcd member; arguments are that directory and, where it is a volume of its own, the mount point: a volume
 * that is not mounted shows an empty directory, whose etcd would be taken for one that lost its data. Of data it says what keeps it from being moved
 * by one rename. Reads only.
 */
export const STORE_DATA_SCRIPT = [
  'd=$1 m=$2; LC_ALL=C; export LC_ALL',
  'no() { echo "$*" >&2; exit 4; }',
  '[ -n "$d" ] && [ -d "$d" ] || no "there is no directory $d"',
  'if [ -n "$m" ]; then',
  '  cut -d " " -f 5 /proc/self/mountinfo | grep -qFx -e "$m" || no "nothing is mounted at $m"',
  '  case "$(readlink -f "$d")/" in "${m%/}/"*) ;; *) no "$d does not lie below $m";; esac',
  'fi',
  'ls "$d" >/dev/null || no "$d cannot be read"',
  'if [ -e "$d/member" ] || [ -L "$d/member" ]; then echo holds=member; else echo holds=nothing; exit 0; fi',
  'no() { echo "fixed=$*"; exit 0; }',
  'd=$(readlink -f "$d") || no "where it lies cannot be read"',
  'x=$d/member',
  '[ -L "$x" ] || ls "$x" >/dev/null 2>&1 || no "$x cannot be read: run this as the owner of etcd"',
  ...STORE_MOVABLE,
].join('\n');

/**
 * What that script printed, or an operator's own in the same form; a text: why it tells nothing. `whyNotMoved`: why none is moved, whatever it holds.
 */
export function storeDataFrom(stdout: string, whyNotMoved: string | null): StoreData | string {
  const lines = stdout.split('\n', 100);
  const told = lines.flatMap((line) => /^holds=(member|nothing)\s*$/.exec(line)?.[1] ?? []);
  const [holds, ...others] = told;
  if (holds === undefined || others.length > 0) return 'it printed neither holds=member nor holds=nothing';
  if (holds === 'nothing') return { holds };
  const fixed = lines.flatMap((line) => /^fixed=(\S.*)$/.exec(line)?.[1]?.slice(0, 300) ?? [])[0] ?? null;
  return { holds: 'member', whyNotAside: whyNotMoved ?? fixed };
}
