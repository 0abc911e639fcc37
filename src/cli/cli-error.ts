/** What a command ends with. The help prints this table; `check` has the four of monitoring plugins instead. */
export const EXIT_CODES = [
  { code: 0, name: 'ok', meaning: 'done' },
  {
    code: 1,
    name: 'failed',
    meaning: 'done, and the answer is no (doctor: something fails; verify: the chain is broken)',
  },
  { code: 64, name: 'usage', meaning: 'the command line is wrong' },
  { code: 65, name: 'refused', meaning: 'the daemon refused the change as things stand' },
  { code: 66, name: 'absent', meaning: 'a file, journal entry, cluster or approval does not exist' },
  { code: 69, name: 'no-daemon', meaning: 'no daemon answers at that address' },
  { code: 70, name: 'internal', meaning: 'a fault of ours' },
  {
    code: 75,
    name: 'held',
    meaning: 'run-procedure: gates hold it and nothing was sent; followed: it asks, or is held or paused',
  },
  { code: 76, name: 'ineffective', meaning: 'run-procedure: it was sent, and the cluster does not show the effect' },
  { code: 77, name: 'denied', meaning: 'the token is missing, unknown or may not do this' },
  { code: 78, name: 'config', meaning: 'the configuration cannot be used' },
] as const;

export const CHECK_EXIT_CODES = [
  { code: 0, name: 'OK' },
  { code: 1, name: 'WARNING' },
  { code: 2, name: 'CRITICAL' },
  { code: 3, name: 'UNKNOWN' },
] as const;

export type ExitName = (typeof EXIT_CODES)[number]['name'];

export const exitCode = (name: ExitName): number => EXIT_CODES.find((row) => row.name === name)?.code ?? 70;

/** What a command says beside its exit code, as `code` with --json. Each has a row in docs/generated. */
export const COMMAND_CODES = [
  'no-config',
  'bad-config',
  'bad-url',
  'bad-subject',
  'bad-number',
  'bad-duration',
  'bad-time',
  'bad-zone',
  'no-daemon',
  'not-ekimi',
  'other-clusters',
  'no-token-file',
  'no-pem-file',
  'unknown-scope',
  'which-scope',
  'unknown-name',
  'unknown-procedure',
  'no-reason',
  'unanswered',
  'no-approval',
  'no-entry',
  'no-incident',
  'no-channel',
  'internal',
] as const;
export type CommandCode = (typeof COMMAND_CODES)[number];

/** The stable code of another part, handed on: the API's, the journal's. */
export interface CodeOfOthers {
  readonly of: string;
}

/** An end that a person can do something about: what was found, what to do, how the process exits. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly exit: ExitName;
  readonly remedy: string;

  constructor(exit: ExitName, code: CommandCode | CodeOfOthers, message: string, remedy: string, cause?: unknown) {
    super(message, { cause });
    this.exit = exit;
    this.code = typeof code === 'string' ? code : code.of;
    this.remedy = remedy;
  }
}
