import { createHash, timingSafeEqual } from 'node:crypto';
import { API_ROLES, type ApiConfig, type ApiRole, type ApiToken } from '../model/config.js';
import { ApiError } from './errors.js';
import type { Lockout } from './lockout.js';

/**
 * Who may do what:
 * - `open`: anybody (liveness, the page itself, which holds no data).
 * - `viewer`: reading. Without a token only from a loopback address, by a loopback name, and while nothing tells of a proxy on this host.
 * - `operator`: changing. Always with a token of that role, on loopback too.
 * - `approver`: approving and rejecting. Operators do where no token has this role: a configuration that never named it goes on as it was.
 * - `recovery`: also what goes on while etcd is lost, and decides without it.
 */
export type Access = 'open' | ApiRole;

export interface Caller {
  readonly name: string;
  readonly role: ApiRole;
}

export interface Knock {
  readonly remoteAddress: string;
  /** `1.0`: no browser and no command line of today speaks that, and a reverse proxy does by default. */
  readonly httpVersion?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What the running server has seen: one request through a proxy, and loopback says nothing about anybody any more. */
export interface Sightings {
  proxySeen: boolean;
}

/** Returns who is asking (null: nobody in particular), throws ApiError where that is not enough. */
export function authorize(
  access: Access,
  knock: Knock,
  config: ApiConfig,
  sightings: Sightings = { proxySeen: false },
  lockout: Pick<Lockout, 'hears' | 'lockedMs' | 'wrong'> | null = null,
): Caller | null {
  if (isForwarded(knock) && LOOPBACK.test(knock.remoteAddress)) sightings.proxySeen = true;
  if (access === 'open') return null;
  const token = bearerIn(knock.headers);
  if (token === null) {
    if (access === 'viewer' && config.openOnLoopback !== false && !sightings.proxySeen && isLocal(knock, config.host))
      return null;
    if (access !== 'viewer' && !hasOperator(config)) throw new ApiError('no-operator-token');
    throw new ApiError('token-missing');
  }
  const caller = lockout?.hears(knock.remoteAddress, token) === false ? null : callerOf(token, config);
  if (caller === null) throw refusal(knock.remoteAddress, lockout);
  needRole(caller, access === 'approver' && !hasApprover(config) ? 'operator' : access);
  return caller;
}

/** The answer to a wrong token; `isNews`: this one locks its address, or it is not locked. */
function refusal(address: string, lockout: Pick<Lockout, 'lockedMs' | 'wrong'> | null): ApiError {
  const wasLocked = (lockout?.lockedMs(address) ?? 0) > 0;
  const locks = lockout?.wrong(address) ?? false;
  if (!wasLocked && !locks) return new ApiError('token-unknown');
  const seconds = Math.ceil((lockout?.lockedMs(address) ?? 0) / 1000);
  return new ApiError('too-many-wrong-tokens', `too many wrong tokens from ${address}: locked for ${seconds} s`, {
    locked: { retryAfterSeconds: seconds, isNews: locks },
  });
}

/** Throws where who is asking has a lower role than that. */
export function needRole(caller: Caller | null, role: ApiRole): void {
  if (caller === null || API_ROLES.indexOf(caller.role) < API_ROLES.indexOf(role))
    throw new ApiError(
      'role-too-low',
      `${caller?.name ?? 'nobody'} has the role ${caller?.role ?? 'none'}; ${role} is needed`,
    );
}

const hasOperator = (config: ApiConfig): boolean => config.tokens.some((one) => one.role !== 'viewer' && opens(one));

const hasApprover = (config: ApiConfig): boolean => config.tokens.some(({ role }) => role === 'approver');

function bearerIn(headers: Knock['headers']): string | null {
  const header = headers['authorization'];
  const match = typeof header === 'string' ? /^Bearer +(\S+)$/i.exec(header.trim()) : null;
  return match?.[1] ?? null;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const digestOf = ({ token, sha256 }: ApiToken): Buffer =>
  sha256 === undefined ? digest(token) : Buffer.from(sha256, 'hex');

/** An empty one opens nothing. */
const opens = ({ token, sha256 }: ApiToken): boolean => token !== '' || sha256 !== undefined;

/** Asks every token every time, on digests of one length, so that the time taken tells nothing about any of them. */
function callerOf(token: string, config: ApiConfig): Caller | null {
  const given = digest(token);
  let found: Caller | null = null;
  for (const one of config.tokens) {
    const same = timingSafeEqual(given, digestOf(one));
    if (same && opens(one)) found = { name: one.name, role: one.role };
  }
  return found;
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/;

const PROXY_HEADERS = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
];

/**
 * A plain reverse proxy on this host passes a foreign client's request on with a loopback address, and with a Host that the client chose or
 * that names us. One that gives no sign at all cannot be told from a program on this host: `api.openOnLoopback: false` is for that.
 */
const isForwarded = ({ headers }: Knock): boolean => PROXY_HEADERS.some((name) => headers[name] !== undefined);

/** A Host that is not ours is a browser led here by a foreign name (DNS rebinding): it has a loopback address and is not local. */
function isLocal(knock: Knock, listenHost: string): boolean {
  if (!LOOPBACK.test(knock.remoteAddress) || isForwarded(knock) || knock.httpVersion === '1.0') return false;
  const header = knock.headers['host'];
  if (typeof header !== 'string') return false;
  const host = header
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return host === 'localhost' || LOOPBACK.test(host) || host === listenHost.toLowerCase();
}
