import { fromJson } from '../model/json.js';
import { CliError } from './cli-error.js';

/** What the API answers with where something is wrong. */
export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** The API's remedies speak of HTTP headers; on the command line the token comes from elsewhere. */
export const remedyOf = ({ code, remedy }: ErrorBody): string => OF_HTTP[code] ?? remedy;

const OF_HTTP: Readonly<Record<string, string>> = {
  'token-missing': 'Set EKIMI_TOKEN, or name a file that holds the token with --token-file.',
  'not-found':
    'Write the address without a path, like http://127.0.0.1:8470. A daemon of an earlier version may not have yet what this command asks for.',
};

export function parse(text: string, url: string): unknown {
  try {
    return fromJson(text);
  } catch (cause) {
    throw notEkimi(url, 'not in JSON', cause);
  }
}

/** Patroni, etcd and Prometheus speak JSON too, and their ports are mistaken for ours. */
export const notEkimi = (url: string, how: string, cause?: unknown): CliError =>
  new CliError(
    'no-daemon',
    'not-ekimi',
    `something answers at ${url}, but ${how}: it is not an ekimi daemon`,
    'Name the address of api.listen (port 8470, where none is written) with --url or EKIMI_URL.',
    cause,
  );

/** Of an answer that is no success: whether it is one of ours. */
export const isErrorBody = (answer: unknown): answer is ErrorBody =>
  typeof answer === 'object' &&
  answer !== null &&
  ['code', 'message', 'remedy'].every((key) => typeof (answer as Readonly<Record<string, unknown>>)[key] === 'string');

export function noDaemon(url: string, cause: unknown): CliError {
  // A name with several addresses fails once for each of them, with no text above.
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  const silent = first instanceof Error && first.name === 'TimeoutError';
  const said = first instanceof Error ? first.message : String(first);
  const known = KNOWN.find(({ of }) => of.test(`${codeOf(first)} ${said}`));
  const why = silent ? 'no answer in time' : (known?.why ?? said);
  return new CliError(
    'no-daemon',
    'no-daemon',
    `no ekimi daemon answers at ${url} (${why})`,
    known?.remedy ?? START_REMEDY,
    cause,
  );
}

const START_REMEDY =
  'Start one with "ekimi run", or name its address with --url or EKIMI_URL. "ekimi check" and "ekimi plan" need none: without an address they look for themselves.';

/** By code and words of Node; `why` in place of its words, where these are of no use to anybody. */
const KNOWN: readonly { readonly of: RegExp; readonly why?: string; readonly remedy: string }[] = [
  {
    of: /^\S*(?:CERT|SELF_SIGNED|UNABLE_TO)/,
    remedy:
      'Name with --ca FILE who signed its certificate; if it has ended, renew the files of api.tls and send SIGHUP to the daemon.',
  },
  {
    of: /wrong version number|packet length too long/i,
    why: 'what answers there speaks no TLS',
    remedy: 'Write the address with http:// where the daemon has no api.tls.',
  },
  {
    of: /^ECONNRESET socket hang up/,
    why: 'it ended the connection without an answer',
    remedy: 'Write the address with https:// where the daemon has api.tls. Else look at its log.',
  },
];
const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
