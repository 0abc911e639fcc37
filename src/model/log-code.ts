/** `code` in the daemon's log, for alerts on it. Beside these: the codes of the API, and of the problem in a page. Each has a row in docs/generated. */
export const LOG_CODES = [
  'PASS_FAILED',
  'LOOP_FAILED',
  'STOP_FAILED',
  'LISTENER_FAILED',
  'JOURNAL',
  'JOURNAL_NOTE',
  'POLICY_REFUSED',
  'CONFIG_REFUSED',
  'RELOAD_FAILED',
  'CONFIG_WARNING',
  'LEDGER_PATH',
  'TENURE_RELEASE',
  'ETCD_TLS_INSECURE',
  'API_TOKEN_REPLACED',
  'PEER_UNAUTHORISED',
  'PEER_REFUSED',
  'PEER_FAILED',
  'NOTIFY_FAILED',
  'NOTIFY_LOST',
  'NOTIFY_SPOOL',
  'REPORT_FAILED',
  'UNCAUGHT',
  'UNHANDLED',
] as const;
export type LogCode = (typeof LOG_CODES)[number];

/** The fields of a warning or an error. */
export type CodedFields = { readonly code: LogCode } & Readonly<Record<string, unknown>>;
