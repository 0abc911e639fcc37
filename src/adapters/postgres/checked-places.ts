import type { ClusterConfig } from '../../model/config.js';
import type { CheckedPlaces } from '../../model/data-check.js';
import { Link } from './link.js';

type Postgres = NonNullable<ClusterConfig['postgres']>;

/** One statement in one database. */
const WITHIN_MS = 10_000;
/** A server with more is one of which not all is told. */
const MOST_DATABASES = 200;

/** Below the data directory: in which database, null: of all, and which file of it, its further segments of 1 GB left out. */
const PATH = /^(?:global|base\/(\d+)|pg_tblspc\/\d+\/[^/]+\/(\d+))\/\d+(?:\.\d+)?$/;
/** The map of free space, of what is visible to all, and what an unlogged table begins from: no check reads these. */
const FORK = /_(?:fsm|vm|init)(?:\.\d+)?$/;

const DATABASES = `SELECT oid::text AS oid, datname AS name, datallowconn AS open FROM pg_database LIMIT ${MOST_DATABASES + 1}`;

/** As pg_amcheck chooses what it checks: tables of heap with what belongs to them, indexes of btree that are in use; on a replica what is logged alone. */
const RELATIONS = `
  SELECT pg_relation_filepath(c.oid) AS path, c.relname AS name,
    c.relpersistence = 'p' AND EXISTS (SELECT FROM pg_extension WHERE extname = 'amcheck') AND CASE c.relkind
      WHEN 'i' THEN m.amname = 'btree' AND x.indisvalid AND x.indisready
      WHEN 'r' THEN m.amname = 'heap'
      WHEN 'm' THEN m.amname = 'heap'
      WHEN 't' THEN m.amname = 'heap'
      ELSE false END AS read
  FROM pg_class c LEFT JOIN pg_am m ON m.oid = c.relam LEFT JOIN pg_index x ON x.indexrelid = c.oid
  WHERE c.relname = ANY (string_to_array($1, chr(10))) OR pg_relation_filepath(c.oid) = ANY (string_to_array($1, chr(10)))`;

interface Database {
  readonly oid: string;
  readonly name: string;
  readonly open: boolean;
}

interface Relation {
  readonly path: string | null;
  readonly name: string;
  readonly read: boolean | null;
}

/** Rows null: it was not asked, or gave no answer. */
interface Found {
  readonly oid: string;
  readonly name: string;
  readonly rows: readonly Relation[] | null;
}

/**
 * What a check of all databases that found nothing has read of these places. Null: that could not be asked. A place of which one database gives no answer
 * is in neither list.
 */
export async function checkedPlaces(
  postgres: Postgres,
  place: { readonly host: string; readonly port: number },
  asked: readonly string[],
): Promise<CheckedPlaces | null> {
  const databases = (await rowsIn(postgres, place, postgres.database, DATABASES, [])) as readonly Database[] | null;
  if (databases === null || databases.length > MOST_DATABASES) return null;
  const found: Found[] = [];
  const files = asked.map(fileOf);
  for (const { oid, name, open } of databases) {
    const isAsked = open && files.some((file) => isIn(file, oid));
    const rows = isAsked ? await rowsIn(postgres, place, name, RELATIONS, [files.join('\n')]) : null;
    found.push({ oid, name, rows: rows as readonly Relation[] | null });
  }
  const verdicts = asked.map((one) => ({ one, verdict: verdictOf(fileOf(one), found) }));
  const those = (verdict: 'read' | 'gone'): readonly string[] =>
    verdicts
      .filter((row) => row.verdict === verdict && !(verdict === 'read' && FORK.test(row.one)))
      .map(({ one }) => one);
  return { read: those('read'), gone: those('gone') };
}

/** The first file of the relation, by which the catalogue names it; a name stays as it is. */
const fileOf = (place: string): string => (place.includes('/') ? place.replace(FORK, '').replace(/\.\d+$/, '') : place);

function databaseOf(file: string): string | null {
  const [, base, other] = PATH.exec(file) ?? [];
  return base ?? other ?? null;
}

const isIn = (file: string, oid: string): boolean => databaseOf(file) === null || databaseOf(file) === oid;

/**
 * A name may be another relation's in each database: all must have been read. What all databases share is one file, which a check of any has read. Nobody
 * names a relation of template0, where nobody connects.
 */
function verdictOf(file: string, found: readonly Found[]): 'read' | 'gone' | null {
  const isPath = file.includes('/');
  // A path of a form that this does not know may be anybody's.
  if (isPath && !PATH.test(file)) return null;
  const isShared = isPath && databaseOf(file) === null;
  const those = found.filter(({ oid, name }) => isIn(file, oid) && (isPath || name !== 'template0'));
  const told = those.flatMap(({ rows }) => (rows === null ? [] : [rows]));
  if (isShared ? told.length === 0 : told.length < those.length) return null;
  const rows = told.flat().filter(({ path, name }) => (isPath ? path === file : name === file));
  // What was renamed bears another name, and is as wrong as before.
  if (rows.length === 0) return isPath ? 'gone' : null;
  const isRead = ({ read }: Relation): boolean => read === true;
  return (isShared ? rows.some(isRead) : rows.every(isRead)) ? 'read' : null;
}

async function rowsIn(
  postgres: Postgres,
  place: { readonly host: string; readonly port: number },
  database: string,
  text: string,
  values: readonly string[],
): Promise<readonly unknown[] | null> {
  const link = new Link({ ...postgres, database }, place, WITHIN_MS);
  try {
    const answer = await link.query({ text, values, name: '' });
    return answer.ok ? answer.rows : null;
  } finally {
    await link.close();
  }
}
