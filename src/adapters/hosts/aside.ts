import { isAsideName, type AsideDirectory } from '../../model/aside.js';

/** Of all three scripts: how they say no, and where the data directory is. Arguments that are left: places of patroni.yml. */
const FIND = [
  'no() { echo "== refused"; echo "$*"; exit 0; }',
  'for f in "$@"; do [ -n "$d" ] || d=$(sed -n "s/^[[:space:]]*data_dir:[[:space:]]*//p" "$f" 2>/dev/null | head -n 1 | tr -d "\\"\'"); done',
  '[ -n "$d" ] || d=$PGDATA',
  '[ -n "$d" ] || no "nobody says where the data directory is: neither patroni.yml nor PGDATA"',
];

/** That nothing is mounted over `$x` or in it: what is there is another volume. */
const NO_MOUNTS = (x: string, what: string): readonly string[] => [
  'm=$(cut -d " " -f 5 /proc/self/mountinfo) || no "nobody says what is mounted"',
  `case "$(echo "$m" | grep -Fx -e "${x}")" in ?*) no "${x} is a mount point, which cannot be ${what}";; esac`,
  `case "$(echo "$m" | grep -F -e "${x}/")" in "${x}/"*) no "something is mounted in ${x}";; esac`,
];

/** That no postmaster lives in `$x`, as far as this PID namespace shows. */
const NO_POSTMASTER = (x: string): readonly string[] => [
  `p=$(head -n 1 "${x}/postmaster.pid" 2>/dev/null); if [ -n "$p" ] && [ -e "/proc/$p" ]; then`,
  '  c=$(readlink "/proc/$p/cwd" 2>/dev/null) || no "whether process $p is its postmaster cannot be read: run this as root, or as the owner of PostgreSQL"',
  `  [ "$c" != "${x}" ] || no "its postmaster $p lives"`,
  'fi',
];

/** What keeps a data directory from being moved by one rename, also one whose next copy would write into what lies elsewhere. */
const MOVABLE: readonly string[] = [
  ...NO_MOUNTS('$d', 'renamed'),
  '[ ! -L "$d/pg_wal" ] || no "its pg_wal lies elsewhere: $(readlink -f "$d/pg_wal")"',
  '[ -z "$(ls "$d/pg_tblspc" 2>/dev/null)" ] || no "it has tablespaces, which lie elsewhere"',
];

/** Where nobody can look for that lock nothing is moved: a unit that is just being started is "stopped" for some. */
const LOCK_IS_TOLD =
  'command -v flock >/dev/null 2>&1 || no "there is no flock, by which an etcd is seen that has it open"';

/** The same of the data of an etcd member in `$x`: an etcd that begins next would meet WAL that lies elsewhere. */
export const STORE_MOVABLE: readonly string[] = [
  LOCK_IS_TOLD,
  '[ ! -L "$x" ] && [ -d "$x/wal" ] && [ ! -L "$x/wal" ] || no "its WAL lies elsewhere (--wal-dir)"',
  ...NO_MOUNTS('$x', 'renamed'),
];

/** That no etcd has `$x` open, of whatever container or unit: it holds a lock on its database. */
const NO_ETCD =
  '[ ! -f "$x/snap/db" ] || flock -n "$x/snap/db" true || no "an etcd has its database open, or it may not be read"';

/** A count that takes long is given up: what was done before it must be told in time. */
const COUNT = 'size() { timeout 3 du -skx "$1" 2>/dev/null | cut -f 1; }';

/**
 * Renames a member's data directory beside itself, to NAME.SUFFIX; arguments are the suffix and places of patroni.yml. It deletes and copies
 * nothing: what cannot be one rename is refused. That is a directory over which something is mounted, or in which something is; one whose WAL or
 * tablespaces lie elsewhere, since the next copy would write into them; and one whose postmaster lives, or may: who may not look at the process
 * of that number cannot tell. It must run in PostgreSQL's own PID namespace, and see its processes (`hidepid`): a postmaster that it does not see
 * is dead for it.
 */
export const ASIDE_SCRIPT = [
  's=$1 d=; shift; LC_ALL=C; export LC_ALL',
  ...FIND,
  COUNT,
  'd=$(readlink -f "$d") && [ -r "$d/PG_VERSION" ] || no "there is no data directory in $d"',
  'to=$d.$s; [ ! -e "$to" ] || no "$to is there already"',
  ...MOVABLE,
  ...NO_POSTMASTER('$d'),
  'mv "$d" "$to" || { [ -e "$to" ] && exit 5; no "it cannot be renamed"; }',
  'echo "== moved"; echo "$to"; size "$to"',
].join('\n');

/**
 * Renames the data of an etcd member, `member` in its data directory, to member.SUFFIX beside it; arguments are the suffix and that directory, which
 * may be a mount point itself. etcd tells in its log that it does not know what lies there, and goes on. WAL that lies elsewhere (`--wal-dir`) would
 * be met by the etcd that begins next: refused. So is data that an etcd has open, and whatever lies there where no `flock` can tell.
 */
export const STORE_ASIDE_SCRIPT = [
  's=$1 d=$2; LC_ALL=C; export LC_ALL',
  FIND[0],
  COUNT,
  'd=$(readlink -f "$d") && [ -d "$d/member" ] || no "there is no data of an etcd member in $2"',
  'case "$s" in ekimi-[A-Za-z0-9]*) ;; *) no "$s is no suffix of Ekimi";; esac; case "$s" in *[!A-Za-z0-9._-]*) no "$s is no suffix of Ekimi";; esac',
  'x=$d/member to=$d/member.$s; [ ! -e "$to" ] || no "$to is there already"',
  ...STORE_MOVABLE,
  NO_ETCD,
  'mv "$x" "$to" || { [ -e "$to" ] && exit 5; no "it cannot be renamed"; }',
  'echo "== moved"; echo "$to"; size "$to"',
].join('\n');

/** Each directory whose name begins with `$x` and goes on with a suffix of ours, in lines of kilobytes (or a dash) and path. */
const LIST = (x: string): readonly string[] => [
  'echo "== aside"',
  `for x in "${x}".ekimi-*; do [ -d "$x" ] && [ ! -L "$x" ] || continue; n=$(size "$x"); echo "\${n:--} $x"; done`,
  'echo "== end"',
];

/**
 * What was moved aside of a member, and where its directory is; arguments are places of patroni.yml. Reads only. One that could not be moved is refused
 * here already: whoever stops a member to move its directory asks this first.
 */
export const LIST_ASIDE_SCRIPT = [
  'd=; LC_ALL=C; export LC_ALL',
  ...FIND,
  COUNT,
  'd=$(readlink -f "$d") || no "there is no folder of $d"',
  ...MOVABLE,
  'echo "== of"; echo "$d"',
  ...LIST('$d'),
].join('\n');

/** What was moved aside of an etcd member; its argument is the data directory. Reads only. */
export const LIST_STORE_ASIDE_SCRIPT = [
  'd=$1; LC_ALL=C; export LC_ALL',
  FIND[0],
  COUNT,
  'd=$(readlink -f "$d") && [ -d "$d" ] || no "there is no directory $1"',
  ...LIST('$d/member'),
].join('\n');

/**
 * Deletes one directory that was moved aside; arguments are its name and places of patroni.yml. What does not lie beside the data directory under
 * its name and a suffix of ours is refused, and so is what is mounted, or holds a mount, and one in which somebody has begun a postmaster to read
 * it. A deletion that was cut short leaves the rest under the same name.
 */
export const REMOVE_ASIDE_SCRIPT = [
  'n=$1 d=; shift; LC_ALL=C; export LC_ALL',
  ...FIND,
  'd=$(readlink -f "$d") || no "there is no folder of $d"',
  'x=${d%/*}/$n',
  'case "$n" in */*) no "$n is not a name";; "${d##*/}".ekimi-?*) ;; *) no "$n does not lie aside of $d";; esac',
  '[ ! -L "$x" ] && [ -d "$x" ] || no "there is no directory $x"',
  ...NO_MOUNTS('$x', 'removed'),
  ...NO_POSTMASTER('$x'),
  'rm -rf -- "$x" || exit 5',
  'echo "== removed"; echo "$x"',
].join('\n');

/** A text: why nothing was done. Null: the script did not come to its end. */
type Said<T> = T | { readonly no: string } | null;

const after = (lines: readonly string[], mark: string): readonly string[] | null => {
  const at = lines.indexOf(mark);
  return at < 0 ? null : lines.slice(at + 1);
};

const refusal = (lines: readonly string[]): { readonly no: string } | null => {
  const why = after(lines, '== refused')?.[0];
  return why === undefined ? null : { no: why.slice(0, 300) };
};

const bytesIn = (text: string | undefined): number | null => (/^\d+$/.test(text ?? '') ? Number(text) * 1024 : null);

/** What became of the rename. */
export function asideFrom(lines: readonly string[]): Said<{ readonly to: string; readonly bytes: number | null }> {
  const [to, size] = after(lines, '== moved') ?? [];
  return to === undefined || to === '' ? refusal(lines) : { to, bytes: bytesIn(size) };
}

/** The data directory beside which was looked; null: nobody said. */
export const directoryFrom = (lines: readonly string[]): string | null => after(lines, '== of')?.[0] ?? null;

/** What lies aside. */
export function asidesFrom(lines: readonly string[]): Said<{ readonly directories: readonly AsideDirectory[] }> {
  const told = after(lines, '== aside');
  const end = told?.indexOf('== end') ?? -1;
  if (told === null || end < 0) return refusal(lines);
  const directories = told.slice(0, end).flatMap((line) => {
    const [, size, path] = /^(\d+|-) (\/.*)$/.exec(line) ?? [];
    const name = path?.split('/').at(-1) ?? '';
    return path !== undefined && isAsideName(name) ? [{ name, path, bytes: bytesIn(size) }] : [];
  });
  return { directories };
}

/** What became of the deletion. */
export function removedFrom(lines: readonly string[]): Said<{ readonly removed: string }> {
  const removed = after(lines, '== removed')?.[0];
  return removed === undefined || removed === '' ? refusal(lines) : { removed };
}
