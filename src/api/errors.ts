import type { Conflict } from '../model/conflict.js';
import { CONFLICT_REMEDY } from '../words/conflict.js';
import { withScope } from '../words/scoped.js';

/** Every error that the HTTP API answers with. `code` is stable; a client may branch on it. The documentation prints this table. */
export const API_ERRORS = [
  {
    code: 'not-found',
    status: 404,
    meaning: 'There is no such path.',
    remedy: 'Use one of the paths that GET /v1 lists.',
  },
  {
    code: 'method-not-allowed',
    status: 405,
    meaning: 'The path exists, the method does not.',
    remedy: 'Use one of the methods in the Allow header.',
  },
  {
    code: 'unknown-scope',
    status: 404,
    meaning: 'No cluster of this scope is configured.',
    remedy: 'Use one of the scopes that GET /v1/clusters lists.',
  },
  {
    code: 'no-snapshot-yet',
    status: 503,
    meaning: 'The first pass over this cluster has not ended.',
    remedy: 'Ask again in a few seconds.',
  },
  {
    code: 'bad-request',
    status: 400,
    meaning: 'A parameter or the body is not of the documented shape.',
    remedy: 'Send it as the message says is expected; GET /v1/openapi.json has the shape of every path.',
  },
  {
    code: 'unknown-subject',
    status: 400,
    meaning: 'The kill switch names a member or an action that does not exist, so it would stop nothing.',
    remedy: 'Use global, cluster, member:NAME of a configured member, or action:NAME of a known action.',
  },
  {
    code: 'body-too-large',
    status: 413,
    meaning: 'The body is larger than 16 KiB.',
    remedy: 'Send less: a reason of up to 500 characters is all that a change needs.',
  },
  {
    code: 'unsupported-media-type',
    status: 415,
    meaning: 'The body is not JSON.',
    remedy: 'Send Content-Type: application/json.',
  },
  {
    code: 'token-missing',
    status: 401,
    meaning:
      'The request carries no bearer token and needs one: a change always, and reading from elsewhere or where a proxy on this host was seen.',
    remedy: 'Send Authorization: Bearer TOKEN with a token of api.tokens.',
  },
  {
    code: 'token-unknown',
    status: 401,
    meaning: 'The token is none of those configured.',
    remedy:
      'Compare it with api.tokens of the running daemon (that of the demo is demo); a changed file counts after SIGHUP or restart.',
  },
  {
    code: 'too-many-wrong-tokens',
    status: 429,
    meaning: 'This address has sent ten wrong tokens within a minute.',
    remedy:
      'Send the right token: it passes at once if it has 16 characters or more. Else wait for the seconds in Retry-After.',
  },
  {
    code: 'role-too-low',
    status: 403,
    meaning: 'The token has a lower role than this needs.',
    remedy: 'Use a token with the role that is named (api.tokens).',
  },
  {
    code: 'same-person',
    status: 403,
    meaning: 'Two persons are needed, and whoever asks is one of them already.',
    remedy: 'Let a person with another token approve it (approvals.twoPersonsFor).',
  },
  {
    code: 'no-operator-token',
    status: 403,
    meaning: 'No operator token is configured, so nothing can be changed over HTTP.',
    remedy: 'Add a token with the role operator to api.tokens and send SIGHUP.',
  },
  {
    code: 'not-waiting',
    status: 404,
    meaning: 'The question to be answered does not exist (any more).',
    remedy: 'See what waits: ekimi status. A question that expired is put again.',
  },
  {
    code: 'nothing-to-resume',
    status: 404,
    meaning: 'Nothing is paused under that subject.',
    remedy: 'See what is paused, and under which subject: ekimi status. If nothing is, there is nothing to resume.',
  },
  {
    code: 'unknown-member',
    status: 404,
    meaning: 'The cluster has no member of that name.',
    remedy: 'Use a name that the message lists.',
  },
  {
    code: 'not-configured',
    status: 409,
    meaning: 'What is asked for needs something that ekimi.yaml does not have.',
    remedy: 'Write into ekimi.yaml what the message names, and send SIGHUP to the daemon.',
  },
  {
    code: 'conflict',
    status: 409,
    meaning: 'The controller refused the change as things stand now.',
    remedy: 'Ask again once what the message names has changed; "ekimi status" shows how things stand.',
  },
  {
    code: 'held',
    status: 409,
    meaning: 'Gates hold the procedure that was asked for. Nothing was sent, and nothing of it is kept for later.',
    remedy: 'Do what the body says under unblock of each gate, then ask again.',
  },
  {
    code: 'unknown-remediation',
    status: 404,
    meaning: 'No remediation of this id is in the ledger; it keeps them for a day.',
    remedy: 'Look for it in the journal, which has all of them.',
  },
  {
    code: 'unknown-run',
    status: 404,
    meaning: 'No procedure of this id is in the ledger; it keeps the last five that ended.',
    remedy: 'Use one of those that "ekimi procedures" lists.',
  },
  {
    code: 'unknown-incident',
    status: 404,
    meaning: 'Neither the ledger nor the journal of this instance has an incident of this id.',
    remedy:
      'List them with: ekimi incident --since 30d. One that another instance saw stands in the journal of that one: ask it with --url.',
  },
  {
    code: 'no-such-moment',
    status: 404,
    meaning: 'The journal holds no pass at or before that moment from which the page of then can be rebuilt.',
    remedy:
      'Ask for a moment from which the message says that passes are kept. What was pruned is gone (journal.keepFiles), and 0.1.0 did not keep all that a page shows.',
  },
  {
    code: 'too-many-streams',
    status: 503,
    meaning: 'As many event streams are open as are allowed.',
    remedy: 'Close a dashboard, raise api.streams, or poll /v1/clusters.',
  },
  {
    code: 'too-many-reads',
    status: 503,
    meaning: 'As many pages of the journal are being read as are allowed.',
    remedy: 'Ask again in a second, for fewer entries, or read the files: ekimi journal list --journal DIR.',
  },
  {
    code: 'internal',
    status: 500,
    meaning: 'A fault of ours; the log has it under this code.',
    remedy: 'Report it with the log line. The control loop is not affected.',
  },
] as const;

export type ApiErrorCode = (typeof API_ERRORS)[number]['code'];

/** What a client gets: always these, and nothing of our insides. */
export interface ApiErrorBody {
  readonly code: ApiErrorCode;
  readonly message: string;
  readonly remedy: string;
  /** As in the log, and in the header x-request-id. */
  readonly requestId?: string;
}

/** What an answer to too many wrong tokens has besides. */
export interface Locked {
  readonly retryAfterSeconds: number;
  /** The address was not locked before: this one is worth a line in the log. */
  readonly isNews: boolean;
}

interface ErrorDetail {
  readonly locked?: Locked | null;
  readonly remedy?: string;
}

/** Refused as things stand: what stands in the way, and the way on that belongs to it. */
export const conflictError = (found: string, conflict: Conflict | undefined): ApiError =>
  new ApiError('conflict', found, conflict === undefined ? {} : { remedy: CONFLICT_REMEDY[conflict] });

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly status: number;
  readonly remedy: string;
  readonly locked: Locked | null;

  /** `found` says what was found and expected; without it the row's own meaning is the message. `remedy`: of the place, instead of the row's. */
  constructor(code: ApiErrorCode, found?: string, { locked = null, remedy }: ErrorDetail = {}) {
    const row = API_ERRORS.find((one) => one.code === code);
    super(found ?? row?.meaning ?? code);
    this.code = code;
    this.status = row?.status ?? 500;
    this.remedy = remedy ?? row?.remedy ?? '';
    this.locked = locked;
  }

  /** `scope`: of which of several clusters the commands in it are. */
  body(requestId?: string, scope: string | null = null): ApiErrorBody {
    const typed = (text: string): string => (scope === null ? text : withScope(text, scope));
    const body = { code: this.code, message: typed(this.message), remedy: typed(this.remedy) };
    return requestId === undefined ? body : { ...body, requestId };
  }
}

const FRAMEWORK_CODES: Readonly<Record<string, ApiErrorCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'bad-request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'bad-request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad-request',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
};

/** Any throw as an error of the table. What is not recognised is ours: its message stays in the log. */
export function asApiError(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  if (!(cause instanceof Error)) return new ApiError('internal');
  const framework = 'code' in cause ? FRAMEWORK_CODES[String(cause.code)] : undefined;
  if (framework !== undefined) return new ApiError(framework, cause.message);
  const status = 'statusCode' in cause ? Number(cause.statusCode) : 500;
  return status >= 400 && status < 500 ? new ApiError('bad-request', cause.message) : new ApiError('internal');
}
