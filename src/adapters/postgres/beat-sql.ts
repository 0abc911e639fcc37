import pg from 'pg';

/** Schema and name of the table of the heartbeat. */
export function beatTable(table: string): readonly [schema: string, name: string] {
  const at = table.indexOf('.');
  return at === -1 ? ['public', table] : [table.slice(0, at), table.slice(at + 1)];
}

/** The part of the status query that reads the row of one scope: a common table expression, and the value of its document. */
export interface BeatSql {
  readonly withTable: string;
  readonly value: string;
}

/**
 * The newest row that this server shows, as XML around one JSON text; null where there is no such table, where we may not read it, or while
 * somebody locks it. A statement that names a missing table fails as a whole, and with it all that we know by SQL: so the catalogue is asked
 * first, and the row is read by a query that PostgreSQL parses only then. Behind CASE, which is lazy.
 */
export function beatSqlOf(table: string, scope: string): BeatSql {
  const [schema, name] = beatTable(table);
  const place = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
  const row = `SELECT json_build_object('by', substring(instance FROM ' on ([^ ]+)$'), 'atMs', extract(epoch FROM beat_at) * 1000,
    'agoMs', extract(epoch FROM clock_timestamp() - beat_at) * 1000)::text AS beat
    FROM ${place} WHERE scope = ${pg.escapeLiteral(scope)} ORDER BY beat_at DESC LIMIT 1`;
  return {
    withTable: `, beat_table AS (
  SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ${pg.escapeLiteral(schema)} AND c.relname = ${pg.escapeLiteral(name)} AND c.relkind = 'r'
    AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    AND 3 = (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
      AND (a.attname IN ('scope', 'instance') OR (a.attname = 'beat_at' AND a.atttypid = 'timestamptz'::regtype)))
    AND NOT EXISTS (SELECT 1 FROM pg_locks l WHERE l.relation = c.oid AND l.mode = 'AccessExclusiveLock')
)`,
    value: `
  'beat', CASE WHEN EXISTS (SELECT 1 FROM beat_table)
    THEN query_to_xml(${pg.escapeLiteral(row)}, false, true, '')::text END,`,
  };
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** The document in what `query_to_xml` gives; null: there was no row, or it is none. */
export function beatJson(xml: string): unknown {
  const inner = /<beat>([^<]*)<\/beat>/.exec(xml)?.[1];
  if (inner === undefined) return null;
  try {
    return JSON.parse(inner.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? ''));
  } catch {
    return null;
  }
}
