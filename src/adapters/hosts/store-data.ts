import type { StoreData } from '../../model/store-data.js';

/**
 * Whether a directory holds the data of an etcd member; arguments are that directory and, where it is a volume of its own, the mount point: a volume
 * that is not mounted shows an empty directory, whose etcd would be taken for one that lost its data. Reads only.
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
  'if [ -e "$d/member" ] || [ -L "$d/member" ]; then echo holds=member; else echo holds=nothing; fi',
].join('\n');

/** What that script printed, or an operator's own in the same form; a text: why it tells nothing. */
export function storeDataFrom(stdout: string): StoreData | string {
  const told = stdout.split('\n', 100).flatMap((line) => /^holds=(member|nothing)\s*$/.exec(line)?.[1] ?? []);
  const [holds, ...others] = told;
  if (holds === undefined || others.length > 0) return 'it printed neither holds=member nor holds=nothing';
  return holds === 'nothing'
    ? { holds }
    : { holds: 'member', whyNotAside: 'there is no command that moves the data of an etcd member' };
}
