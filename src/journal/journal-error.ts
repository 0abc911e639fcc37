export const JOURNAL_ERROR_CODES = [
  'JOURNAL_FULL',
  'JOURNAL_UNWRITABLE',
  'JOURNAL_UNREADABLE',
  'JOURNAL_BAD_ENTRY',
  'JOURNAL_CLOSED',
] as const;
export type JournalErrorCode = (typeof JOURNAL_ERROR_CODES)[number];

/**
 * The journal could not do what was asked. An entry whose `append` ended so was not acknowledged: it may or may not be found in the file
 * later, so nothing may be done on the strength of it.
 */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

const REMEDIES: Readonly<Record<string, readonly [JournalErrorCode, string]>> = {
  ENOSPC: ['JOURNAL_FULL', 'free space on its file system; writing goes on by itself then'],
  EDQUOT: ['JOURNAL_FULL', 'raise the quota or free space; writing goes on by itself then'],
  EROFS: ['JOURNAL_UNWRITABLE', 'its file system is read-only: look for disk errors and remount it'],
  EACCES: ['JOURNAL_UNWRITABLE', 'let the user that runs the controller write there'],
  EPERM: ['JOURNAL_UNWRITABLE', 'let the user that runs the controller write there'],
  EIO: [
    'JOURNAL_UNWRITABLE',
    'the disk reports errors: look at the kernel log, and give journal.directory another disk',
  ],
};

/** A failed call on a file of the journal, in the operator's words. */
export function journalError(
  cause: unknown,
  path: string,
  fallback: JournalErrorCode = 'JOURNAL_UNWRITABLE',
): JournalError {
  if (cause instanceof JournalError) return cause;
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const [code, remedy] = REMEDIES[errno] ?? [fallback, 'check journal.directory: the path, its owner and its mode'];
  return new JournalError(code, `the journal at ${path} answered ${errno}; expected to use it; ${remedy}`, cause);
}
