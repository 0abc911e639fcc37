import { closeSync, fstatSync, openSync, readSync, constants } from 'node:fs';

/** Why a path cannot be read as a file of ours: its `code` is for the message, as a system error's is. */
class NotAFile extends Error {
  override readonly name = 'NotAFile';
  constructor(readonly code: string) {
    super(code);
  }
}

/**
 * The bytes of a regular file of at most `maxBytes`. A device or a pipe (`/dev/zero`) would be read for ever, or wait for ever. Throws an
 * Error with a `code`: a system's, `not a regular file`, or `larger than N bytes`.
 */
export function readSmallFile(path: string, maxBytes: number): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new NotAFile(stat.isDirectory() ? 'EISDIR' : 'not a regular file');
    if (stat.size > maxBytes) throw new NotAFile(`larger than ${maxBytes} bytes`);
    // Some file systems (/proc) tell no size: the end is where reading ends.
    const bytes = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, Math.min(65_536, bytes.length - length), null);
    if (length > maxBytes) throw new NotAFile(`larger than ${maxBytes} bytes`);
    return Buffer.from(bytes.subarray(0, length));
  } finally {
    closeSync(file);
  }
}

/** A configuration or a policy: thousands of times what a person writes. */
export const MAX_CONFIG_BYTES = 16 * 1024 * 1024;
/** A password, a token, a chain of certificates. */
export const MAX_SECRET_BYTES = 1024 * 1024;
