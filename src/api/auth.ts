import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApiConfig, ApiRole } from '../model/config.js';
import { ApiError } from './errors.js';

/**
 * Who may do what:
 * - `open`: anybody (liveness, the page itself, which holds no data).
 * - `viewer`: reading. Without a token only from a loopback address, by a loopback name, and not through a proxy.
 * - `operator`: changing. Always with a token of that role, on loopback too.
 */
export type Access = 'open' | ApiRole;

export interface Caller {
  readonly name: string;
  readonly role: ApiRole;
}

export interface Knock {
  readonly remoteAddress: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Returns who is asking (null: nobody in particular), throws ApiError where that is not enough. */
export function authorize(access: Access, knock: Knock, config: ApiConfig): Caller | null {
  if (access === 'open') return null;
  const token = bearerIn(knock.headers);
  if (token === null) {
    if (access === 'viewer' && isLocal(knock, config.host)) return null;
    if (access === 'operator' && !hasOperator(config)) throw new ApiError('no-operator-token');
    throw new ApiError('token-missing');
  }
  const caller = callerOf(token, config);
  if (caller === null) throw new ApiError('token-unknown');
  if (access === 'operator' && caller.role !== 'operator')
    throw new ApiError('role-too-low', `${caller.name} has the role ${caller.role}; operator is needed`);
  return caller;
}

const hasOperator = (config: ApiConfig): boolean =>
  config.tokens.some((one) => one.role === 'operator' && one.token !== '');

function bearerIn(headers: Knock['headers']): string | null {
  const header = headers['authorization'];
  const match = typeof header === 'string' ? /^Bearer +(\S+)$/i.exec(header.trim()) : null;
  return match?.[1] ?? null;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Asks every token every time, on digests of one length, so that the time taken tells nothing about any of them. */
function callerOf(token: string, config: ApiConfig): Caller | null {
  const given = digest(token);
  let found: Caller | null = null;
  for (const one of config.tokens) {
    const same = timingSafeEqual(given, digest(one.token));
    if (same && one.token !== '') found = { name: one.name, role: one.role };
  }
  return found;
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/;

/**
 * A forwarded request comes from somewhere else, and a Host that is not ours is a browser led here by a foreign name
 * (DNS rebinding): both have a loopback address and neither is local.
 */
function isLocal(knock: Knock, listenHost: string): boolean {
  if (!LOOPBACK.test(knock.remoteAddress)) return false;
  if (knock.headers['x-forwarded-for'] !== undefined || knock.headers['forwarded'] !== undefined) return false;
  const header = knock.headers['host'];
  if (typeof header !== 'string') return false;
  const host = header
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return host === 'localhost' || LOOPBACK.test(host) || host === listenHost.toLowerCase();
}
