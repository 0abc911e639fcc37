import type { CommandCode } from '../cli/cli-error.js';
import type { FileErrorCode } from '../config/config-error.js';
import type { JournalErrorCode } from '../journal/journal-error.js';
import type { LogCode } from '../model/log-code.js';

type Row = readonly [code: string, meaning: string, remedy: string];

/** The words for each code of a union that stands where the errors are made: a code without a line here does not compile. */
type Words<C extends string> = Readonly<Record<C, readonly [meaning: string, remedy: string]>>;

const rowsOf = <C extends string>(words: Words<C>): readonly Row[] =>
  (Object.entries(words) as [C, Words<C>[C]][]).map(([code, [meaning, remedy]]) => [code, meaning, remedy]);

const JOURNAL: Words<JournalErrorCode> = {
  JOURNAL_FULL: ['No space or quota is left.', 'Free space; writing goes on by itself. Until then no request is sent.'],
  JOURNAL_UNWRITABLE: [
    'The directory cannot be written: rights, a read-only file system, a disk error.',
    'Let the user of Ekimi write there, mount it for writing, or replace the disk, as the message says. Until then no request is sent.',
  ],
  JOURNAL_UNREADABLE: [
    'A file of the journal cannot be read.',
    'Check journal.directory, or --journal DIR, and its rights.',
  ],
  JOURNAL_BAD_ENTRY: [
    'An entry cannot be written as one line of JSON, or is of another cluster.',
    'Report it: a fault of ours.',
  ],
  JOURNAL_CLOSED: ['Something was to be written after the journal was closed.', 'Report it: a fault of ours.'],
};

/** What may be wrong with a file of configuration before the rules between its keys are asked. The message has file, line and remedy. */
const FILES: Words<FileErrorCode> = {
  'file-missing': [
    'The file is not there.',
    'Create it, or name another with --config or `policy`; the examples in config/ are a start.',
  ],
  'file-unreadable': [
    'The file, or one that it names (a secret, PEM), cannot be read.',
    "Create it, correct the path, or let Ekimi's user read it; a relative path starts at the folder of the file.",
  ],
  'file-empty': [
    'The file holds nothing.',
    'Write the whole file again and reload; a running daemon goes on by what it had.',
  ],
  'file-not-text': ['Bytes that are not UTF-8 text.', 'Save it in UTF-8.'],
  'half-written': ['The file was cut off: no end of line, or NUL bytes.', 'Write files by renaming them into place.'],
  'merge-conflict': ['A marker of a merge that nobody finished.', 'Resolve it.'],
  'tab-indent': ['A tab in the indentation.', 'Use spaces.'],
  'not-yaml': ['The text is not YAML.', 'Correct it where the message says.'],
  'duplicate-key': ['A key that is already there.', 'Remove or rename one of the two.'],
  'unknown-key': ['A key that the reference does not have.', 'Write the key that the message suggests, or remove it.'],
  'missing-key': ['A key without a default is not there.', 'Add it.'],
  'wrong-shape': ['A value where keys or a list belong, or the reverse.', 'Write it as the reference shows.'],
  'bad-value': [
    'A value that is not of the documented kind, such as a duration without a unit.',
    'Write it as the message says is expected; docs/generated/configuration.md has every kind.',
  ],
  'literal-secret': ['A secret is written into the file.', 'Name an environment variable or a file instead.'],
  'secret-missing': ['Neither a variable nor a file is named for a secret that is needed.', 'Name one of the two.'],
  'secret-unset': [
    'The environment variable that is named is not set, or empty.',
    'Set it where the controller is started.',
  ],
  'secret-twice': ['Both a variable and a file are named for one secret.', 'Remove one of them.'],
  'file-not-usable': [
    'A file that is named is empty, or not PEM where PEM is expected.',
    'Write the right content, or name the right file.',
  ],
  'not-accepted': ['The schema refuses it for a reason of its own.', 'Do what the message asks for.'],
};

/** What a command says beside its exit code, as `code` with --json. */
const COMMANDS: Words<CommandCode> = {
  'no-config': ['There is no configuration where it was looked for.', 'Name it with --config FILE.'],
  'bad-config': ['The configuration cannot be used.', 'ekimi config check shows every fault.'],
  'bad-url': ['The address of the daemon is none.', 'Write it like http://127.0.0.1:8470.'],
  'bad-subject': ['`--subject` is none of global, cluster, member:NAME, action:NAME.', 'Write one of them.'],
  'bad-number': ['A number is none, or out of its range.', 'Write a whole number.'],
  'bad-duration': ['A duration without a unit, or none at all.', 'Write 90s, 30m, 2h or 1h30m.'],
  'bad-time': ['A time that cannot be read.', 'Write 2026-11-22T09:30:00Z, 09:30, or 10m for ten minutes ago.'],
  'bad-zone': ['`--tz` is no time zone', 'Write a name of IANA, like Europe/Berlin, or local.'],
  'no-daemon': ['Nothing answers at that address.', 'Start the daemon, or name its address with --url.'],
  'not-ekimi': ['Something else answers at that address.', 'Name the right address with --url.'],
  'other-clusters': [
    'The daemon at that address is not the one of this configuration.',
    'Start the one of this configuration, or name the address with --url.',
  ],
  'no-pem-file': ['A certificate that is named cannot be read or is not PEM.', 'Check --ca and --cert.'],
  'no-token-file': ['The file with the token cannot be read.', 'Check --token-file.'],
  'unknown-scope': ['No cluster of that scope.', 'Use one that the message lists.'],
  'unknown-name': [
    'Nothing that is asked about has that name.',
    'Name a member, an action, a problem code or an etcd endpoint, as ekimi status and ekimi policy show them.',
  ],
  'which-scope': ['There are several clusters.', 'Name one with --scope.'],
  'unknown-procedure': ['There is no such procedure.', 'ekimi run-procedure lists them.'],
  unanswered: [
    'A procedure asks a question, and continue does not say which list of stages it agrees to.',
    'Read it with: ekimi procedures; then continue it with --seen and the mark that stands there, or abort it.',
  ],
  'no-reason': ['A procedure was asked for without a reason.', 'Give one with --reason.'],
  'no-approval': ['There is no such approval.', 'Use one that the message lists.'],
  'no-channel': ['There is no such channel under `notifications`, or none at all.', 'Use one that the message lists.'],
  'no-incident': ['There is no such incident, or several begin so.', 'Use one that the message lists.'],
  'no-entry': ['The journal has no such entry.', 'ekimi journal list shows those that there are.'],
  internal: ['A fault of ours.', 'Report it with the message.'],
};

/** `code` in the daemon's log, for alerts on it. */
const LOG: Words<LogCode> = {
  PASS_FAILED: [
    'One pass over a cluster threw; nothing is sent until one has ended well, and after three in a row tenure is given up.',
    'Report it: a fault of ours. Nothing was sent on its strength.',
  ],
  LOOP_FAILED: [
    'What is around the passes of a cluster threw. It begins anew after 5 s; nothing is sent until a pass has ended well.',
    'Report it with the log line.',
  ],
  STOP_FAILED: [
    'A cluster could not be ended in order; the others were.',
    'Report it with the log line. Its tenure runs out by itself.',
  ],
  LISTENER_FAILED: [
    'Metrics or an event stream threw at an event; the pass went on. Told once a listener.',
    'Report it with the log line.',
  ],
  JOURNAL: [
    'The journal cannot be written; no request is sent until it can.',
    'Free space, or mend what the code of the journal in the same line names (above).',
  ],
  JOURNAL_NOTE: ['The journal was repaired when it was opened.', 'Nothing: a torn last line is what a crash leaves.'],
  POLICY_REFUSED: ['The new policy is not valid; the old one stays in force.', 'Mend it and reload.'],
  CONFIG_REFUSED: [
    'A changed ekimi.yaml was not taken in for this cluster; it goes on with the former configuration.',
    'Do what the message says (it has the reason and the way out), then reload.',
  ],
  RELOAD_FAILED: [
    'Something failed at a reload within Ekimi. What the log does not name as taken is as it was before.',
    'Reload once more; report it with the log line.',
  ],
  CONFIG_WARNING: [
    'The configuration is valid and something in it looks wrong.',
    'Run ekimi config check: it shows the line and what to write there.',
  ],
  LEDGER_PATH: [
    'A ledger lies where older versions kept it: it was taken over, or left alone because it does not say of which cluster it is.',
    'Move it by hand where it was left alone, as docs/runbook/upgrade-and-reload.md says.',
  ],
  TENURE_RELEASE: ['Tenure could not be given up at the end; it runs out by itself.', 'Nothing.'],
  PEER_UNAUTHORISED: [
    'A request to `hosts.peers.listen` came without our token, or with another one; told once a minute at most.',
    'Give all instances of the cluster the same token; if none of them is meant, see who reaches that address.',
  ],
  PEER_REFUSED: [
    'Another instance asked for something and was refused; nothing was done. `refused` and `because` say why.',
    'Run `ekimi doctor` at both. A single one after tenure has changed hands is as it should be.',
  ],
  NOTIFY_FAILED: [
    'A channel to persons took no message. It is tried again, less and less often, for a day.',
    'Mend what the field `why` says that it answered, then try it: `ekimi notify test CHANNEL`.',
  ],
  NOTIFY_LOST: [
    'A message to persons was refused for good, is a day old, or found the spool full.',
    'Look at the channel; the journal has what was told.',
  ],
  NOTIFY_SPOOL: [
    'What could not be sent yet cannot be kept: it is lost if the process ends.',
    'Make the folder of notifications.spool writable.',
  ],
  REPORT_FAILED: [
    'A report of notifications.reports could not be made from the journal. Its channels were told so.',
    'Make it anew: `ekimi report`. If that fails too, report it with the field `err`.',
  ],
  PEER_FAILED: ['A request of another instance failed within Ekimi.', 'Report it, with the log.'],
  ETCD_TLS_INSECURE: ['dcs.tls.insecure cannot be had: the etcd client always verifies.', 'Give the CA instead.'],
  API_TOKEN_REPLACED: [
    'The operator token in the journal folder was empty, or others could read or write it; a new one was made.',
    'Give the new one to whoever used the old one; `chmod 640` keeps it.',
  ],
  UNCAUGHT: ['An error that nobody caught; the process ends.', 'Report it with the log line.'],
  UNHANDLED: [
    'A promise that nobody awaited was rejected. Nothing rests on it: all clusters go on.',
    'Report it with the log line.',
  ],
};

export const JOURNAL_CODES = rowsOf(JOURNAL);
export const FILE_CODES = rowsOf(FILES);
export const COMMAND_CODES = rowsOf(COMMANDS);
export const LOG_CODES = rowsOf(LOG);
