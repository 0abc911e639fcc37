import { randomBytes } from 'node:crypto';
import { lstat, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Server } from '../api/server.js';
import { certificateEndMs } from '../config/pem-pair.js';
import type { LearningRedactor } from '../config/redactor.js';
import type { ApiConfig, ApiToken, EkimiConfig } from '../model/config.js';
import type { CodedFields } from '../model/log-code.js';
import type { TlsConfig } from '../model/tls.js';
import { endingText } from './doctor-api.js';
import { systemClock } from './wiring.js';

interface AccessParts {
  readonly redact: LearningRedactor;
  readonly log: Logger;
  /** False: nothing of it is kept on the disk (the demo). */
  readonly keep: boolean;
}

/** Whom the API lets in by that configuration. Its secrets are hidden from then on, before anything can be said of them. */
export async function accessOf(config: EkimiConfig, { redact, log, keep }: AccessParts): Promise<ApiConfig> {
  redact.learn(config);
  const api = await withToken(config.api, config.journal.directory, log, keep);
  redact.learn({ ...config, api });
  const ending = endingText(api.tls ?? null, systemClock.now());
  if (ending !== null) log.warn({ code: 'CONFIG_WARNING', warning: ending } satisfies CodedFields, 'configuration');
  return api;
}

/** SIGHUP: each configuration's tokens in place of the former ones. The function answers what changed, a sentence each. */
export function renewer(
  server: Pick<Server, 'renew'>,
  first: ApiConfig,
  parts: AccessParts,
): (config: EkimiConfig) => Promise<readonly string[]> {
  let inForce = first;
  return async (config) => {
    const next = await accessOf(config, parts);
    const told = [...tlsChanges(inForce.tls ?? null, next.tls ?? null), ...tokenChanges(inForce.tokens, next.tokens)];
    const ended = server.renew(next);
    inForce = next;
    return ended === 0 ? told : [...told, `event streams that are let in no more were ended: ${ended}`];
  };
}

function tlsChanges(before: TlsConfig | null, after: TlsConfig | null): readonly string[] {
  // Another kind of server: at the next start, as the rest of the file.
  if (before === null || after?.cert == null || (before.ca === null) !== (after.ca === null)) return [];
  const isSame = before.cert === after.cert && before.key === after.key && before.ca === after.ca;
  const end = new Date(certificateEndMs(after.cert)).toISOString();
  return isSame ? [] : [`api.tls: new connections are served with the renewed files; the certificate ends at ${end}`];
}

/** By name, never by what they are. */
function tokenChanges(before: readonly ApiToken[], after: readonly ApiToken[]): readonly string[] {
  const told = ({ name, role }: ApiToken): string => `api.tokens: ${name} (${role})`;
  const same = (one: ApiToken, other: ApiToken): boolean => one.token === other.token && one.sha256 === other.sha256;
  return [
    ...before
      .filter(({ name }) => !after.some((one) => one.name === name))
      .map((one) => `${told(one)} is refused from now on`),
    ...after.flatMap((one) => {
      const was = before.find(({ name }) => name === one.name);
      if (was === undefined) return [`${told(one)} is let in`];
      const changed = [
        ...(same(was, one) ? [] : ['has a new token; the former one is refused']),
        ...(was.role === one.role ? [] : [`had the role ${was.role}`]),
      ];
      return changed.length === 0 ? [] : [`${told(one)} ${changed.join(', and ')}`];
    }),
  ];
}

/** Shorter than this it is no token of ours: an empty file, a lone newline, a disk that was full. */
const LEAST_TOKEN_CHARS = 20;
const OWNER_ONLY = 0o600;

/**
 * Without a token nobody could approve or pause: one is made, for whoever may read the journal's folder. One that others than its owner's
 * group may read, or anybody else may write, may be known to them: it is replaced.
 */
export async function withToken(api: ApiConfig, directory: string, log: Logger, keep: boolean): Promise<ApiConfig> {
  if (api.tokens.length > 0) return api;
  const file = join(directory, 'api-token');
  const kept = keep ? await keptToken(file, log) : null;
  const token = kept ?? randomBytes(24).toString('base64url');
  if (keep && kept === null) {
    await rm(file, { force: true });
    await writeFile(file, `${token}\n`, { mode: OWNER_ONLY, flag: 'wx' });
  }
  log.info({ file: keep ? file : null }, 'no api.tokens are configured: an operator token was made');
  return { ...api, tokens: [{ name: 'local', role: 'recovery', token }] };
}

async function keptToken(file: string, log: Logger): Promise<string | null> {
  const stat = await lstat(file).catch(() => null);
  if (stat === null) return null;
  const token = stat.isFile() && stat.size < 1_024 ? (await readFile(file, 'utf8').catch(() => '')).trim() : '';
  const isOpen = (stat.mode & 0o027) !== 0;
  if (!isOpen && token.length >= LEAST_TOKEN_CHARS && /^[\x21-\x7e]+$/.test(token)) return token;
  const why = isOpen
    ? `its mode is ${(stat.mode & 0o777).toString(8)}, so that others may know or change it`
    : 'it holds no token';
  log.warn({ code: 'API_TOKEN_REPLACED', file, why } satisfies CodedFields, 'the operator token was made anew');
  return null;
}
