import { describe, expect, it } from 'vitest';
import { readLog, signIn } from '../../../src/assess/log-signs.js';

const AT = '2026-01-15 02:00:00.123 UTC [42] ';

describe('a line of a log', () => {
  it.each([
    ['damaged', 'FATAL:  could not open file "global/pg_control": No such file or directory'],
    ['damaged', 'FATAL:  konnte Datei »global/pg_control« nicht öffnen: Datei oder Verzeichnis nicht gefunden'],
    ['damaged', "FATAL:  n'a pas pu ouvrir le fichier « base/16384/1249 » : Aucun fichier ou dossier de ce type"],
    ['damaged', 'PANIC:  could not locate a valid checkpoint record'],
    ['damaged', 'PANIK:  konnte keinen gültigen Checkpoint-Datensatz finden'],
    ['damaged', 'FATAL:  database files are incompatible with server'],
    ['damaged', 'FATAL:  incorrect checksum in control file'],
    ['damaged', 'FATAL:  WAL ends before consistent recovery point'],
    ['damaged', 'XX001 FATAL:  ungültige Seite in Block 0'],
    ['panic', 'PANIC:  WAL contains references to invalid pages'],
    [
      'wal-removed',
      'FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment 000000010000000000000003 has already been removed',
    ],
    [
      'wal-removed',
      'FATAL:  konnte keine Daten vom WAL-Stream empfangen: FEHLER:  das angeforderte WAL-Segment 000000010000000000000003 wurde schon entfernt',
    ],
    ['no-room', 'PANIC:  could not write to file "pg_wal/xlogtemp.41": No space left on device'],
    ['no-room', 'ERROR:  could not extend file "base/16384/16397": No space left on device'],
    [
      'no-room',
      'PANIK:  konnte nicht in Datei »pg_wal/xlogtemp.41« schreiben: Auf dem Gerät ist kein Speicherplatz mehr verfügbar',
    ],
    ['no-room', 'pg_basebackup: error: could not write to file "base/1/2": No space left on device'],
    ['no-room', '53100 FATAL:  何かが足りません'],
    ['setting', 'FATAL:  invalid value for parameter "max_connections": "many"'],
    ['setting', 'FATAL:  ungültiger Wert für Parameter »max_connections«: »viele«'],
    ['setting', 'FATAL:  configuration file "/data/postgresql.conf" contains errors'],
    ['setting', 'FATAL:  recovery aborted because of insufficient parameter settings'],
    ['setting', 'DETAIL:  max_wal_senders = 5 is a lower setting than on the primary server, where its value was 10.'],
    ['permission', 'FATAL:  could not open file "global/pg_control": Permission denied'],
    ['permission', 'FATAL:  konnte Datei »global/pg_control« nicht öffnen: Keine Berechtigung'],
    ['address-in-use', 'LOG:  could not bind IPv4 address "0.0.0.0": Address already in use'],
    ['machine', 'PANIC:  could not fsync file "base/1/2": Input/output error'],
    [
      'no-connection',
      'FATAL:  could not connect to the primary server: connection to server at "pg1" (10.0.0.1), port 5432 failed: Connection timed out',
    ],
    [
      'no-connection',
      'FATAL:  konnte nicht mit dem Primärserver verbinden: Verbindung zum Server auf »pg1«, Port 5432 fehlgeschlagen',
    ],
    ['no-connection', 'pg_basebackup: error: connection to server at "pg1", port 5432 failed: Connection refused'],
    [
      'not-let-in',
      'FATAL:  could not connect to the primary server: FATAL:  no pg_hba.conf entry for replication connection from host "10.0.0.3"',
    ],
    [
      'not-let-in',
      'pg_basebackup: error: connection to server at "pg1" failed: FATAL:  password authentication failed for user "replicator"',
    ],
    [
      'no-sender',
      'FATAL:  could not connect to the primary server: FATAL:  number of requested standby connections exceeds max_wal_senders (currently 5)',
    ],
  ])('says %s: %s', (sign, line) => {
    expect(signIn(AT + line)).toBe(sign);
  });

  it.each([
    ['rewind-failed', '2026-01-15 02:00:00,123 ERROR: Failed to rewind from healty master: pg1'],
    ['copy-failed', '2026-01-15 02:00:00,123 ERROR: Error when fetching backup: pg_basebackup exited with code=1'],
  ])('of Patroni says %s: %s', (sign, line) => {
    expect(signIn(line)).toBe(sign);
  });

  it.each([
    ['a text of a session', 'ERROR:  PANIC: could not locate a valid checkpoint record'],
    ['a text of a session, in German', 'FEHLER:  FATAL:  incorrect checksum in control file'],
    ['a statement', "STATEMENT:  SELECT 'PANIC: could not locate a valid checkpoint record'"],
    ['a setting that a session may not set', 'ERROR:  invalid value for parameter "work_mem": "x"'],
    ['the end of a process', 'FATAL:  terminating connection due to administrator command'],
    ['the start', 'LOG:  database system is ready to accept read-only connections'],
    ['a start under way', 'FATAL:  the database system is starting up'],
    ['a file of an extension', 'FATAL:  could not access file "pg_cron": No such file or directory'],
    ['a language that is not in the table', 'FATAL:  ファイル"global/pg_control"をオープンできませんでした'],
    ['a file that is not vital', 'LOG:  could not open file "pg_stat_tmp/global.stat": No such file or directory'],
  ])('says nothing of the copy: %s', (_name, line) => {
    expect(signIn(AT + line)).toBeNull();
    expect(signIn(`\t${line}`)).toBeNull();
  });

  it('is read in linear time, whatever it holds', () => {
    const bad = `${AT}FATAL: configuration file "${'x'.repeat(4_000_000)}`;
    expect(readLog([bad, '"'.repeat(4_000_000), 'a'.repeat(4_000_000)]).signs).toEqual([]);
  });
});

describe('the end of a log', () => {
  it('is its signs, newest first, each once, secrets masked', () => {
    const log = readLog([
      `${AT}FATAL:  could not connect to the primary server: password=geheim`,
      `${AT}LOG:  starting`,
      `${AT}PANIC:  could not locate a valid checkpoint record`,
      `${AT}PANIC:  could not locate a valid checkpoint record`,
    ]);
    expect(log.lines).toBe(4);
    expect(log.signs.map((row) => row.sign)).toEqual(['damaged', 'no-connection']);
    expect(log.signs[1]?.text).not.toContain('geheim');
  });
});
