import { safeLogLine } from '../model/log-line.js';
import type { LogSign, LogSignName, MemberLog } from '../model/log-sign.js';
import {
  ADDRESS_IN_USE,
  ALREADY_REMOVED,
  BAD_CHECKPOINT,
  BAD_CONTROL_FILE,
  FATAL,
  FORKED,
  INCOMPATIBLE,
  MACHINE,
  NO_PERMISSION,
  NO_SPACE,
  NO_SUCH_FILE,
  PANIC,
  SETTING,
  TORN,
} from '../model/log-words.js';

/** More of a line is somebody's query. */
const MAX_READ = 600;

const WAL_SEGMENT = /\b[0-9A-F]{24}\b/;
/** Files without which a data directory is none, by their names, which no language changes. */
const VITAL_FILE =
  /\b(?:global\/(?:pg_control|pg_filenode\.map|\d+)|base\/\d+\/|PG_VERSION|pg_(?:xact|multixact|subtrans|commit_ts)\/)/;
const SETTING_FILE = /\b(?:postgresql(?:\.auto|\.base)?|pg_hba|pg_ident)\.conf\b/;
/** Who speaks to the leader: the WAL receiver (by what it says), pg_basebackup, pg_rewind. */
const TO_THE_LEADER =
  /pg_basebackup|pg_rewind|libpqwalreceiver|primary server|Primärserver|serveur (?:primaire|principal)|servidor primario|server primario|главному серверу/i;
const CONNECTING = /connect|verbind|connexion|connecter|conexi[oó]n|connessione|conexão|подключ/i;
const NOT_LET_IN =
  /\b(?:28P01|28000)\b|pg_hba\.conf|password authentication failed|Passwort-Authentifizierung|authentification par mot de passe|certificate verify failed|no password supplied/i;
const NO_SENDER =
  /\bmax_wal_senders\b|\b53300\b|too many clients|zu viele Verbindungen|trop de (?:clients|connexions)|remaining connection slots/i;

type Row = readonly [sign: LogSignName, says: (line: string) => boolean];

/**
 * The table of signs, first that fits. What is no fault of the copy comes before what is: `PANIC: could not write: No space left on device`
 * is a full disk. A line that fits no row says nothing.
 */
const ROWS: readonly Row[] = [
  ['no-room', (line) => NO_SPACE.test(line) || /\b53100\b/.test(line)],
  ['machine', (line) => MACHINE.test(line)],
  ['address-in-use', (line) => ADDRESS_IN_USE.test(line)],
  ['setting', (line) => SETTING.test(line)],
  ['not-let-in', (line) => toTheLeader(line) && NOT_LET_IN.test(line)],
  ['no-sender', (line) => toTheLeader(line) && NO_SENDER.test(line)],
  ['setting', (line) => FATAL.test(line) && SETTING_FILE.test(line)],
  ['permission', (line) => NO_PERMISSION.test(line)],
  [
    'wal-removed',
    (line) => WAL_SEGMENT.test(line) && (ALREADY_REMOVED.test(line) || /\b58P01\b/.test(line)) && FATAL.test(line),
  ],
  ['no-connection', toTheLeader],
  ['damaged', (line) => VITAL_FILE.test(line) && NO_SUCH_FILE.test(line)],
  ['damaged', (line) => BAD_CHECKPOINT.test(line) || BAD_CONTROL_FILE.test(line) || TORN.test(line)],
  ['damaged', (line) => FATAL.test(line) && (INCOMPATIBLE.test(line) || /\bXX00[12]\b/.test(line))],
  ['panic', (line) => PANIC.test(line)],
  ['diverged', (line) => FORKED.test(line)],
  // Patroni's own words, which are not translated. [rewind.py, bootstrap.py]
  ['rewind-failed', (line) => /Failed to rewind from health?y |could not find common ancestor/.test(line)],
  [
    'copy-failed',
    (line) =>
      /Error when fetching backup: pg_basebackup|failed to bootstrap (?:from|clone)|pg_basebackup exited with code=[1-9]/.test(
        line,
      ),
  ],
];

/** Somebody's statement, or the rest of a message of several lines: it may say anything. */
const QUOTES = /^\t|\b(?:STATEMENT|ANWEISUNG|INSTRUCTION|SENTENCIA|QUERY|ANFRAGE|REQUÊTE|CONTEXT|KONTEXT|CONTEXTE)\s*:/;
/** Most lines of a Patroni whose PostgreSQL does not answer. */
const OF_A_TRACEBACK = /^ {2,}/;
/** An error of a session: its text may be the application's own. */
const OF_A_SESSION = /^[^"]*?\b(?:ERROR|FEHLER|ERREUR|ERRORE|ERRO|ОШИБКА|WARNING|WARNUNG|NOTICE|INFO)\s*:/;
/** As Python's logging writes it; PostgreSQL has a time zone behind its time. */
const PATRONI_LINE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[,.]\d{3}Z? (?:ERROR|WARNING|INFO|CRITICAL|EXCEPTION): /;

function toTheLeader(line: string): boolean {
  return TO_THE_LEADER.test(line) && CONNECTING.test(line);
}

/** `FATAL: could not receive data from WAL stream: ERROR: ...`: the first severity is the line's own. */
function isOfASession(line: string): boolean {
  if (PATRONI_LINE.test(line) || /pg_(?:basebackup|rewind): error:/.test(line)) return false;
  const own = OF_A_SESSION.exec(line);
  return own !== null && !FATAL.test(own[0]);
}

/** Which sign this line is; null: none that is known. That there is no room a session may say too: nothing is done for it. */
export function signIn(line: string): LogSignName | null {
  const text = line.slice(0, MAX_READ);
  if (QUOTES.test(text)) return null;
  const sign = ROWS.find(([, says]) => says(text))?.[0] ?? null;
  return sign !== 'no-room' && isOfASession(text) ? null : sign;
}

/** The end of a log, oldest line first, as what it says of why the member does not work. */
export function readLog(lines: readonly string[]): MemberLog {
  const signs: LogSign[] = [];
  for (const line of [...lines].reverse()) {
    if (OF_A_TRACEBACK.test(line)) continue;
    const sign = signIn(line);
    if (sign !== null && !signs.some((row) => row.sign === sign)) signs.push({ sign, text: safeLogLine(line.trim()) });
  }
  return { lines: lines.length, signs };
}
