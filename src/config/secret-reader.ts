import { resolve } from 'node:path';
import type { TlsConfig } from '../model/tls.js';
import { fileRemedy } from './document.js';
import type { ConfigError, FileErrorCode, Locator } from './config-error.js';
import { foundText } from './shown.js';
import { MAX_SECRET_BYTES, readSmallFile } from './small-file.js';

/**
 * As variables are called, and no password: words in capitals, one of which says what it holds, or the first of which whose it is. A number of its own
 * may stand at the end.
 */
const VARIABLE_NAME =
  /^(?:PGPASSWORD|(?:(?=.*(?:PASS|TOKEN|SECRET|KEY|URL|PWD|AUTH))[A-Z]+|EKIMI|PATRONI|PG|POSTGRES|POSTGRESQL|ETCD|HAPROXY|PGBOUNCER|SMTP|SLACK|PAGERDUTY|ALERTMANAGER)(?:_[A-Z]+)+(?:_\d{1,2})?)$/;
/** As paths are written, with a folder: words between slashes. What else there may be in one is asked by `foundText`. */
const PATH_NAME = /^(?:\.{1,2}|)(?:\/[A-Za-z][A-Za-z._-]*)+$/;
/** No password ends so. */
const PEM_NAME = /^[\w./-]+\.(?:pem|crt|cer|key)$/;

const isPath = (path: string, begin: string): boolean => (begin !== '' && PEM_NAME.test(path)) || PATH_NAME.test(path);

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'where there is no file',
  EACCES: "which Ekimi's user may not read",
  EISDIR: 'which is a directory',
};

export type Environment = Readonly<Record<string, string | undefined>>;

interface AuthValues {
  readonly username: string;
  readonly passwordEnv: string | null;
  readonly passwordFile: string | null;
}

/** Resolves what a configuration only names: environment variables, secret files, PEM files, relative paths. Collects errors. */
export class SecretReader {
  readonly errors: ConfigError[] = [];
  /** Environment variables that hold a secret: whatever we start must not inherit them. */
  readonly variables = new Set<string>();
  readonly #locator: Locator;
  readonly #folder: string;
  readonly #env: Environment;

  constructor(locator: Locator, folder: string, env: Environment) {
    this.#locator = locator;
    this.#folder = folder;
    this.#env = env;
  }

  path(path: string): string {
    return resolve(this.#folder, path);
  }

  auth(key: string, values: AuthValues | null): { readonly username: string; readonly password: string } | null {
    if (values === null) return null;
    const password = this.required(key, 'password', values.passwordEnv, values.passwordFile);
    return { username: values.username, password };
  }

  /** The files' contents, not their paths. */
  tls(key: string, values: TlsConfig | null): TlsConfig | null {
    if (values === null) return null;
    const pem = (name: 'ca' | 'cert' | 'key'): string | null =>
      values[name] === null ? null : this.#file(`${key}.${name}`, values[name], '-----BEGIN');
    const file = (name: 'ca' | 'cert' | 'key'): string | null =>
      values[name] === null ? null : this.path(values[name]);
    const files = { ca: file('ca'), cert: file('cert'), key: file('key') };
    return { ca: pem('ca'), cert: pem('cert'), key: pem('key'), insecure: values.insecure, files };
  }

  required(key: string, what: string, env: string | null, file: string | null): string {
    const secret = this.optional(key, what, env, file);
    if (secret === null && env === null && file === null) {
      this.#note(key, 'secret-missing', 'neither', `${what}Env or ${what}File`, `name where the ${what} is kept`);
    }
    return secret ?? '';
  }

  /** A token, or its digest in place of it. */
  token(
    key: string,
    { tokenEnv, tokenFile, tokenSha256 }: Readonly<Record<'tokenEnv' | 'tokenFile' | 'tokenSha256', string | null>>,
  ): { readonly token: string; readonly sha256?: string } {
    if (tokenSha256 === null) return { token: this.required(key, 'token', tokenEnv, tokenFile) };
    if (tokenEnv !== null || tokenFile !== null) {
      const remedy = 'remove one of them';
      this.#note(`${key}.tokenSha256`, 'secret-twice', 'a token and a digest', 'the token or its digest', remedy);
    }
    return { token: '', sha256: tokenSha256.toLowerCase() };
  }

  optional(key: string, what: string, env: string | null, file: string | null): string | null {
    if (env !== null && file !== null) {
      const remedy = 'remove one of them';
      this.#note(`${key}.${what}File`, 'secret-twice', 'both', `either ${what}Env or ${what}File`, remedy);
      return null;
    }
    if (env !== null) return this.#variable(`${key}.${what}Env`, env);
    return file === null ? null : this.#file(`${key}.${what}File`, file, '');
  }

  #variable(key: string, name: string): string | null {
    this.variables.add(name);
    const value = this.#env[name];
    if (value !== undefined && value !== '') return value;
    // By its name only where that is plainly one: a password may have been put here by mistake.
    const shown = VARIABLE_NAME.test(name) ? name : null;
    this.#note(
      key,
      'secret-unset',
      `${shown === null ? 'an environment variable' : `the environment variable ${shown}`} that is ${value === undefined ? 'not set' : 'empty'}`,
      'the name of a variable that holds the secret',
      `${shown === null ? 'set the variable that this line names (its name is not repeated: it may be the secret itself)' : `set ${shown}`} where Ekimi is started (export, EnvironmentFile= of the unit, env of the container)`,
    );
    return null;
  }

  #file(key: string, path: string, begin: string): string | null {
    const absolute = this.path(path);
    let content: string;
    try {
      content = readSmallFile(absolute, MAX_SECRET_BYTES).toString('utf8');
    } catch (err) {
      const code = err instanceof Error && 'code' in err ? String(err.code) : 'unknown';
      this.#note(
        key,
        'file-unreadable',
        // Of what is plainly a path alone: where a secret is read from, a password may stand by mistake.
        `${isPath(path, begin) ? foundText(path) : 'a path, not shown,'} ${WHY[code] ?? `behind which nothing can be read (${code})`}`,
        'the path of a readable file; a relative one starts at the folder of this file',
        fileRemedy(code),
      );
      return null;
    }
    const secret = begin === '' ? content.replace(/\r?\n$/, '') : content;
    if (secret !== '' && secret.includes(begin)) return secret;
    const expected = begin === '' ? 'a file that holds the secret' : 'a PEM file';
    const found = secret === '' ? 'a file that is empty' : 'a file that is not PEM';
    this.#note(key, 'file-not-usable', found, expected, 'write the right content or name the right file');
    return null;
  }

  #note(key: string, code: FileErrorCode, found: string, expected: string, remedy: string): void {
    const { line, column } = this.#locator.at(key);
    this.errors.push({ severity: 'error', code, file: this.#locator.file, line, column, key, found, expected, remedy });
  }
}
