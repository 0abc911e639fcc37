import { Refusal, text, type Format } from './formats.js';
import { holdsCredentials } from './shown.js';

const PATH = 'a path; a relative one starts at the folder of this file';
/** What cannot be read or written is named with its path later on, so no address with credentials may pass for one. */
export const path: Format<string> = {
  ...text(/^[^\r\n]+$/u, PATH),
  read: (raw) =>
    typeof raw === 'string' && holdsCredentials(raw)
      ? new Refusal(PATH, 'write the path of a file or folder, not an address', 'what looks like an address')
      : text(/^[^\r\n]+$/u, PATH).read(raw),
};

export const variable = text(/^[A-Za-z_]\w*$/, 'the name of an environment variable');
