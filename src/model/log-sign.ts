/**
 * What a line of a member's log says of why it does not work, by whose matter it is: `room` nobody's copy can be made without, `person` a
 * setting, a permission or a machine, `link` the way to the leader, `copy` the data directory itself, `try` a copy that was begun and failed.
 */
export const LOG_SIGNS = {
  'no-room': 'room',
  setting: 'person',
  permission: 'person',
  'address-in-use': 'person',
  machine: 'person',
  'no-sender': 'link',
  'not-let-in': 'link',
  'no-connection': 'link',
  'wal-removed': 'copy',
  diverged: 'copy',
  'rewind-failed': 'copy',
  damaged: 'copy',
  panic: 'copy',
  'copy-failed': 'try',
} as const;

export type LogSignName = keyof typeof LOG_SIGNS;
export type LogMatter = (typeof LOG_SIGNS)[LogSignName];

export interface LogSign {
  readonly sign: LogSignName;
  /** The line itself, secrets masked. */
  readonly text: string;
}

/** The end of a member's log, read for signs. Newest first, each sign once. */
export interface MemberLog {
  readonly lines: number;
  readonly signs: readonly LogSign[];
}

export const matterOf = ({ sign }: LogSign): LogMatter => LOG_SIGNS[sign];
