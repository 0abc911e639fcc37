import type { DamageKind } from './damage.js';

/**
 * A message of PostgreSQL that says that a page or file of this data directory cannot be read. Anchored at both ends: a text that somebody quotes,
 * or writes into `application_name`, has something before or behind it.
 */
interface Row {
  readonly kind: DamageKind;
  readonly message: RegExp;
  /** Where PostgreSQL says it, in 15 and 18. */
  readonly source: string;
}

const BLOCK = '(?<block>\\d+(?:\\.\\.\\d+)?)';
/**
 * A path of a relation below the data directory, which is a number; one of a temporary file or table (`pgsql_tmp`, `t3_16384`) is of nobody's data, and
 * `global/pg_control` is missed at a start that fails, which is told as that.
 */
const PATH =
  '"?(?<relation>(?:base|global|pg_tblspc)/(?![^"\\s]*(?:pgsql_tmp|/t\\d+_))(?:[^"\\s:;]+/)?\\d[^"\\s:;/]*)"?';
const INDEX = '"(?<relation>[^"]{1,200})"';

/** The table of what is known in words; in English, as PostgreSQL writes them where `lc_messages` is C or English. */
export const DAMAGE_ROWS: readonly Row[] = [
  {
    kind: 'invalid-page',
    message: new RegExp(`^invalid page in block ${BLOCK} of relation ${PATH}(?:; zeroing out page)?$`),
    source: 'bufmgr.c, ReadBuffer_common (15); bufmgr.c, buffer_readv_report (18)',
  },
  {
    kind: 'invalid-page',
    message: new RegExp(`^zeroing out invalid page in block ${BLOCK} of relation ${PATH}$`),
    source: 'bufmgr.c, buffer_readv_report (18)',
  },
  {
    kind: 'invalid-page',
    message: new RegExp(`^(?:zeroing out )?\\d+ invalid pages among blocks ${BLOCK} of relation ${PATH}$`),
    source: 'bufmgr.c, buffer_readv_report (18)',
  },
  {
    kind: 'wrong-checksum',
    message: /^page verification failed, calculated checksum \d+ but expected \d+(?:,? .{0,80})?$/,
    source: 'bufpage.c, PageIsVerifiedExtended (15), PageIsVerified (18)',
  },
  {
    kind: 'wrong-checksum',
    message: new RegExp(
      `^checksum verification failed in file "(?:\\./)?(?<relation>[^"]+)", block ${BLOCK}: calculated [0-9A-F]+ but expected [0-9A-F]+$`,
    ),
    source: 'basebackup.c, sendFile (15, 18): on the member that is copied',
  },
  {
    kind: 'unreadable-block',
    message: new RegExp(
      `^could not read blocks? ${BLOCK} in file ${PATH}: (?:read only \\d+ of \\d+ bytes|Input/output error)$`,
    ),
    source: 'md.c, mdread (15); md.c, md_readv_report (18)',
  },
  {
    kind: 'lost-file',
    message: new RegExp(`^could not open file ${PATH}: No such file or directory$`),
    source: 'md.c, mdopenfork (15, 18)',
  },
  {
    kind: 'bad-index',
    message: new RegExp(`^index ${INDEX} contains (?:unexpected zero|corrupted) page at block ${BLOCK}$`),
    source: 'nbtpage.c, _bt_checkpage; hashutil.c, _hash_checkpage; gistutil.c, gistcheckpage (15, 18)',
  },
  {
    kind: 'bad-heap',
    message: /^missing chunk number \d+ for toast value \d+ in (?<relation>pg_toast_\d+)$/,
    source: 'heaptoast.c, heap_fetch_toast_slice (15, 18)',
  },
  {
    kind: 'bad-heap',
    message: /^found (?:xmin|xmax|update xid) \d+ from before relfrozenxid \d+$/,
    source: 'heapam.c, heap_prepare_freeze_tuple (15, 18)',
  },
];
