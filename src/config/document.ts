import { isCollection, LineCounter, parseDocument, visit, type Document, type ErrorCode, type YAMLError } from 'yaml';
import { stepShown } from './shown.js';
import { didYouMean } from './suggest.js';
import type { Complaint, ConfigError, FileErrorCode } from './config-error.js';

/** A YAML file that is whole. Nothing has been said yet about its keys. */
export interface YamlFile {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

type Placed = Complaint & { line: number; column: number };

const AS_IT_WAS =
  'write the whole file again and rename it into place, then reload; a running daemon goes on by what it had';

const NOT_UTF8: Placed = {
  code: 'file-not-text',
  line: 1,
  column: 1,
  found: 'bytes that are not UTF-8 text',
  expected: 'a YAML file in UTF-8',
  remedy: AS_IT_WAS,
};

/** What an editor, a merge or a full disk leaves behind, and YAML would accept or explain badly. */
const TRACES: readonly { readonly pattern: RegExp; readonly complaint: Complaint }[] = [
  {
    pattern: /^(?:<{7}|\|{7}|={7}|>{7})(?: |$)/,
    complaint: {
      code: 'merge-conflict',
      found: 'a merge conflict marker',
      expected: 'a file that somebody has finished merging',
      remedy: 'resolve the conflict, remove the marker lines and reload',
    },
  },
  {
    // A comment may hold tabs; indentation may not, and YAML's own message for it points elsewhere.
    pattern: /^ *\t[ \t]*[^#\s]/,
    complaint: {
      code: 'tab-indent',
      found: 'a tab character in the indentation',
      expected: 'spaces: YAML does not allow tabs there',
      remedy: 'replace the tab by spaces',
    },
  },
  {
    // What a crash leaves in a file whose size was written before its content.
    pattern: /\u0000/,
    complaint: {
      code: 'half-written',
      found: 'NUL bytes',
      expected: 'text',
      remedy: AS_IT_WAS,
    },
  },
];

function tracesIn(text: string): Placed[] {
  const complaints: Placed[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const trace = TRACES.find(({ pattern }) => pattern.test(line));
    if (trace === undefined) continue;
    const column = trace.complaint.code === 'tab-indent' ? line.indexOf('\t') + 1 : 1;
    complaints.push({ ...trace.complaint, line: index + 1, column });
  }
  return complaints;
}

/** The parser's messages of these kinds quote the file in the middle; the others do so, if at all, behind a colon. */
const QUOTING: Readonly<Partial<Record<ErrorCode, string>>> = {
  TAG_RESOLVE_FAILED: 'a value that begins with ! and is no tag of YAML',
  BAD_COLLECTION_TYPE: 'a tag that does not fit what follows it',
  MULTIPLE_DOCS: 'a second document behind ---, where one is read',
  BAD_DIRECTIVE: 'a line that begins with % and is no directive of YAML',
  BAD_DQ_ESCAPE: 'a backslash in double quotes that begins no escape of YAML',
};

/** What its words for a wrong indent mean to whoever wrote the file. */
const INDENT: readonly (readonly [of: RegExp, says: string])[] = [
  [
    /^Sequence item without - indicator/,
    'a line that belongs neither to the entry above it nor is one of its own (- ...)',
  ],
  [
    /^Nested mappings are not allowed/,
    'a second "name: value" on one line, or one that is indented as if it were part of the line above',
  ],
  [/must start at the same column/, 'a line that is indented otherwise than its neighbours'],
  [/^Implicit (?:map )?keys? need/, 'a line without "name: value", or a value that goes on in the next line'],
];

/** What is wrong, without what was found there: an unquoted password is a syntax error as often as not. */
function faultText({ code, message }: YAMLError): string {
  const line = message.split('\n')[0] ?? code;
  const indent = INDENT.find(([of]) => of.test(line))?.[1];
  return QUOTING[code] ?? indent ?? (code === 'UNEXPECTED_TOKEN' ? (line.split(': ')[0] ?? code) : line);
}

function syntaxErrors(document: Document.Parsed, text: string): Placed[] {
  return [...document.errors, ...document.warnings].slice(0, 5).map((fault) => {
    const start = fault.linePos?.[0] ?? { line: 1, col: 1 };
    const duplicate = fault.code === 'DUPLICATE_KEY';
    // Only the key: the value may be a password that somebody wrote into the file.
    const key = (text.split('\n')[start.line - 1] ?? '').slice(start.col - 1).split(':')[0] ?? '';
    return {
      code: duplicate ? 'duplicate-key' : 'not-yaml',
      line: start.line,
      column: start.col,
      found: duplicate ? `a key that is already there: "${stepShown(key.trim(), '')}"` : faultText(fault),
      expected: duplicate ? 'each key once' : 'valid YAML',
      remedy: duplicate ? 'remove or rename one of the two' : `correct the YAML here; ${AS_IT_WAS}`,
    };
  });
}

/** yaml reads an alias of nothing as null, and null is a value for some keys. */
function emptyAliases(document: Document.Parsed, lines: LineCounter): Placed[] {
  const complaints: Placed[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) !== undefined) return;
      const { line, col } = lines.linePos(alias.range?.[0] ?? 0);
      complaints.push({
        code: 'not-yaml',
        line,
        column: col,
        found: 'a value that begins with *, an alias, and nothing is marked with its name',
        expected: 'an anchor (&NAME) of that name before it',
        remedy: 'write the value itself, or quote it if it was meant to begin with *',
      });
    },
  });
  return complaints;
}

/** Every entry of a block map ends with a newline, so a file that stops without one may have been cut anywhere. */
function cutOff(document: Document.Parsed, text: string): Placed[] {
  const flow = isCollection(document.contents) && document.contents.flow;
  if (flow || text.endsWith('\n')) return [];
  const lines = text.split('\n');
  return [
    {
      code: 'half-written',
      line: lines.length,
      column: (lines.at(-1) ?? '').length + 1,
      found: 'a file that stops without an end of line',
      expected: 'a complete file',
      remedy: 'end the last line with a newline if nothing is missing; write files by renaming them into place',
    },
  ];
}

/**
 * The document in a file's bytes, or everything that is wrong with it as text: not UTF-8, empty, cut off, merge conflict markers, tabs,
 * duplicate keys, syntax, several documents.
 */
export function parseYaml(file: string, bytes: Uint8Array): YamlFile | readonly ConfigError[] {
  const errors = (complaints: readonly Placed[]): readonly ConfigError[] =>
    complaints.map((complaint) => ({ severity: 'error', file, key: '', ...complaint }));
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return errors([NOT_UTF8]);
  }
  const traces = tracesIn(text);
  if (traces.length > 0) return errors(traces);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true, strict: true });
  const faults = [...syntaxErrors(document, text), ...emptyAliases(document, lines)];
  if (faults.length > 0) return errors(faults);
  if (document.contents === null || text.trim() === '') {
    const found = text.trim() === '' ? 'an empty file' : 'a file with comments only';
    return errors([{ code: 'file-empty', line: 1, column: 1, found, expected: 'keys and values', remedy: AS_IT_WAS }]);
  }
  const cut = cutOff(document, text);
  return cut.length > 0 ? errors(cut) : { file, document, lines };
}

/** What a person does about a file that could not be read, by the code of the system. Begins with a verb. */
export const fileRemedy = (code: string): string =>
  FILE_REMEDY[code] ?? "read it as Ekimi's user to see why it cannot be: cat FILE";

const FILE_REMEDY: Readonly<Record<string, string>> = {
  ENOENT: 'create the file, or correct the path',
  ENOTDIR: 'correct the path: a part of it is a file',
  EISDIR: 'name a file: this is a directory',
  EACCES: "let Ekimi's user read it: its owner, group and mode, and those of the folders above",
  EPERM: "let Ekimi's user read it: its owner, group and mode, and those of the folders above",
  ELOOP: 'correct the link: it leads back to itself',
};

/** The error of a file that could not be read at all. */
export function unreadable(file: string, cause: unknown, purpose: string): ConfigError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  const missing = code === 'ENOENT';
  return {
    severity: 'error',
    code: (missing ? 'file-missing' : 'file-unreadable') satisfies FileErrorCode,
    file,
    line: null,
    column: null,
    key: '',
    found: missing ? 'no such file' : `a file that cannot be read (${code})`,
    expected: `a readable ${purpose}`,
    remedy: missing
      ? 'create it, or name another with --config or `policy`; the examples in config/ are a start'
      : fileRemedy(code),
  };
}

/** Keys that are looked for where they are not: by where they were written, what to do instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'clusters.hosts.peers.power':
    'write it as clusters[].power, in the file of each instance: it is not lent, since an instance hangs with the machine beside which it runs',
  'clusters.hosts.power': 'write it as clusters[].power',
};

/** `path`: the whole of it, where it was written. */
export const unknownKey = (
  key: string,
  known: readonly string[],
  path: string,
): Pick<ConfigError, 'found' | 'expected' | 'remedy'> => ({
  found: `the unknown key "${key}"`,
  expected: `one of ${known.join(', ')}`,
  remedy:
    ELSEWHERE[path.replaceAll(/\[\d+\]/g, '')] ?? didYouMean(key, known, 'remove it: an unknown key is never ignored'),
});
