/**
 * Renames a member's data directory beside itself, to NAME.SUFFIX; arguments are the suffix and places of patroni.yml. It deletes and copies
 * nothing: what cannot be one rename is refused. That is a directory over which something is mounted, or in which something is; one whose WAL or
 * tablespaces lie elsewhere, since the next copy would write into them; and one whose postmaster lives, or may: who may not look at the process
 * of that number cannot tell. It must run in PostgreSQL's own PID namespace, and see its processes (`hidepid`): a postmaster that it does not see
 * is dead for it.
 */
export const ASIDE_SCRIPT = [
  's=$1 d=; shift; LC_ALL=C; export LC_ALL',
  'no() { echo "== refused"; echo "$*"; exit 0; }',
  'for f in "$@"; do [ -n "$d" ] || d=$(sed -n "s/^[[:space:]]*data_dir:[[:space:]]*//p" "$f" 2>/dev/null | head -n 1 | tr -d "\\"\'"); done',
  '[ -n "$d" ] || d=$PGDATA',
  '[ -n "$d" ] || no "nobody says where the data directory is: neither patroni.yml nor PGDATA"',
  'd=$(readlink -f "$d") && [ -r "$d/PG_VERSION" ] || no "there is no data directory in $d"',
  'to=$d.$s; [ ! -e "$to" ] || no "$to is there already"',
  'm=$(cut -d " " -f 5 /proc/self/mountinfo) || no "nobody says what is mounted"',
  'case "$(echo "$m" | grep -Fx -e "$d")" in ?*) no "$d is a mount point, which cannot be renamed";; esac',
  'case "$(echo "$m" | grep -F -e "$d/")" in "$d/"*) no "something is mounted in $d";; esac',
  '[ ! -L "$d/pg_wal" ] || no "its pg_wal lies elsewhere: $(readlink -f "$d/pg_wal")"',
  '[ -z "$(ls "$d/pg_tblspc" 2>/dev/null)" ] || no "it has tablespaces, which lie elsewhere"',
  'p=$(head -n 1 "$d/postmaster.pid" 2>/dev/null); if [ -n "$p" ] && [ -e "/proc/$p" ]; then',
  '  c=$(readlink "/proc/$p/cwd" 2>/dev/null) || no "whether process $p is its postmaster cannot be read: run this as root, or as the owner of PostgreSQL"',
  '  [ "$c" != "$d" ] || no "its postmaster $p lives"',
  'fi',
  'mv "$d" "$to" || { [ -e "$to" ] && exit 5; no "it cannot be renamed"; }',
  'echo "== moved"; echo "$to"',
].join('\n');

/** What the script printed. A text: why nothing was moved. Null: it did not come to its end. */
export function asideFrom(lines: readonly string[]): { readonly to: string } | { readonly no: string } | null {
  const at = lines.findIndex((line) => line === '== moved' || line === '== refused');
  const said = lines[at + 1];
  if (at < 0 || said === undefined) return null;
  return lines[at] === '== moved' ? { to: said } : { no: said.slice(0, 300) };
}

/** Of a suffix: nothing that a shell, a path or a person could misread. */
export const isSuffix = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text);
