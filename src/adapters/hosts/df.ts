import type { DiskStatus, Volume } from '../../model/disk.js';

/**
 * Prints `data` and `wal` volumes as `df` of POSIX has them, a marker before each; arguments are places of patroni.yml. Of busybox and GNU
 * alike; inodes where `df -i` is known.
 */
export const DISK_SCRIPT = [
  'd=',
  'for f in "$@"; do [ -n "$d" ] || d=$(sed -n "s/^[[:space:]]*data_dir:[[:space:]]*//p" "$f" 2>/dev/null | head -n 1 | tr -d "\\"\'"); done',
  '[ -n "$d" ] || d=$PGDATA',
  '[ -n "$d" ] || exit 3',
  'up() { p=$1; while [ ! -e "$p" ] && [ "$p" != / ]; do p=$(dirname "$p"); done; echo "$p"; }',
  'for what in data wal; do p=$d; [ $what = data ] || p=$d/pg_wal; p=$(up "$p"); echo "== $what"; df -Pk "$p/."; echo "== inodes"; df -Pi "$p/." 2>/dev/null; done',
].join('\n');

interface Row {
  readonly device: string;
  readonly total: number;
  readonly free: number;
  readonly mount: string;
}

/** `Filesystem 1024-blocks Used Available Capacity Mounted on`; a device's name may hold blanks, a number none. */
const LINE = /^(.+?)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+(?:\d+%|-)\s+(\S.*)$/;

const rowsIn = (part: string): readonly Row[] =>
  part.split('\n').flatMap((line) => {
    const [, device, total, , free, mount] = LINE.exec(line.slice(0, 1_000)) ?? [];
    return device === undefined || mount === undefined
      ? []
      : [{ device, total: Number(total), free: Math.max(0, Number(free)), mount }];
  });
const rowIn = (part: string): Row | null => rowsIn(part)[0] ?? null;

/** What `DISK_SCRIPT` (or an operator's `df -Pk` of the data directory, and behind it one of pg_wal) printed; null: no volume in it. */
export function diskFrom(text: string): DiskStatus | null {
  const parts = new Map<string, string>();
  let key = 'data';
  let seen = '';
  for (const line of text.split('\n').slice(0, 100)) {
    const marker = /^== (data|wal|inodes)\s*$/.exec(line)?.[1];
    if (marker === undefined) parts.set(key, `${parts.get(key) ?? ''}${line}\n`);
    else {
      if (marker !== 'inodes') seen = marker;
      key = marker === 'inodes' ? `${seen} inodes` : marker;
    }
  }
  const data = rowIn(parts.get('data') ?? '');
  if (data === null) return null;
  const inodes = [rowIn(parts.get('data inodes') ?? ''), rowIn(parts.get('wal inodes') ?? '')] as const;
  return statusOf(data, rowIn(parts.get('wal') ?? ''), inodes);
}

/**
 * What `df -Pk DATA WAL` printed, and `df -Pi` of the same; null: not a volume for each of the two. `inodes`: empty where nobody counts them.
 */
export function diskOfTwo(room: string, inodes: string): DiskStatus | null {
  const [data, wal, ...others] = rowsIn(room);
  if (data === undefined || wal === undefined || others.length > 0) return null;
  // Of a file system that counts none there may be no row, and then nobody knows which of the two the other one is.
  const [ofData, ofWal, ...more] = rowsIn(inodes);
  const areTold = ofData?.mount === data.mount && ofWal?.mount === wal.mount && more.length === 0;
  return statusOf(data, wal, areTold ? [ofData, ofWal] : [null, null]);
}

function statusOf(data: Row, wal: Row | null, [ofData, ofWal]: readonly [Row | null, Row | null]): DiskStatus {
  const isApart = wal !== null && (wal.device !== data.device || wal.mount !== data.mount);
  return { data: volumeOf(data, ofData), wal: isApart ? volumeOf(wal, ofWal) : null };
}

/** A file system that counts no inodes says that it has none at all. */
const volumeOf = (row: Row, inodes: Row | null): Volume => ({
  totalBytes: row.total * 1024,
  freeBytes: row.free * 1024,
  freeInodes: inodes === null || inodes.total === 0 ? null : inodes.free,
});
