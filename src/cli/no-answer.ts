import { fromJson } from '../model/json.js';
import { CliError } from './cli-error.js';

/** What the API answers with where something is wrong. */
export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** The API's remedies speak of HTTP headers; on the command line the token comes from elsewhere. */
export const remedyOf = (error: ErrorBody): string =>
  error.code === 'token-missing'
    ? 'Set EKIMI_TOKEN, or name a file that holds the token with --token-file.'
    : error.remedy;

export function parse(text: string, url: string): unknown {
  try {
    return fromJson(text);
  } catch (cause) {
    throw new CliError(
      'no-daemon',
      'not-ekimi',
      `something answers at ${url}, but not in JSON: it is not an ekimi daemon`,
      'Name the right address with --url or EKIMI_URL.',
      cause,
    );
  }
}

export function noDaemon(url: string, cause: unknown): CliError {
  // A name with several addresses fails once for each of them, with no text above.
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  const silent = first instanceof Error && first.name === 'TimeoutError';
  const hint = TRUST_HINT.test(codeOf(first)) ? TRUST_REMEDY : START_REMEDY;
  const why = silent ? 'no answer in time' : first instanceof Error ? first.message : String(first);
  return new CliError('no-daemon', 'no-daemon', `no ekimi daemon answers at ${url} (${why})`, hint, cause);
}

const START_REMEDY =
  'Start one with "ekimi run", or name its address with --url or EKIMI_URL. "ekimi check" and "ekimi plan" need none.';
const TRUST_REMEDY =
  'Name with --ca FILE who signed its certificate; if it has ended, renew the files of api.tls and send SIGHUP to the daemon.';
const TRUST_HINT = /CERT|SELF_SIGNED|UNABLE_TO/;
const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
