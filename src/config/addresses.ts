import { Refusal, text, type Format } from './formats.js';

/** Formats of places: URLs, host and port, sockets. None may carry a password, since these values are logged. */

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Patroni allows nearly everything in a name; a slash would be another key in the DCS, a space another word in a proxy command. */
const NAME = text(/^[A-Za-z0-9][\w.-]*$/, 'a name of letters, digits, ".", "_" and "-"');

/** Maps by name are kept, journaled and read back as objects, where these are never absent. */
const ANY_OBJECT_HAS: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

export const name: Format<string> = {
  ...NAME,
  read: (raw) =>
    typeof raw === 'string' && ANY_OBJECT_HAS.has(raw)
      ? new Refusal(
          'a name that is no property of every JavaScript object',
          `rename it: "${raw}" cannot be told from a name that is absent`,
        )
      : NAME.read(raw),
};

/** A container or a unit (`patroni@1.service`), a backend of the proxy (`db:replicas`). */
export const thing = text(/^[A-Za-z0-9][\w.@:-]*$/, 'a name of letters, digits, ".", "_", "@", ":" and "-"');

/** A server of the proxy, or BACKEND/SERVER. */
export const serverName = text(
  /^[A-Za-z0-9_][\w.@:-]*(?:\/[A-Za-z0-9_][\w.@:-]*)?$/,
  'SERVER or BACKEND/SERVER, as HAProxy calls them',
);

function splitHostPort(raw: unknown): HostAndPort | null {
  const match = typeof raw === 'string' ? /^(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(raw) : null;
  const port = Number(match?.[3] ?? Number.NaN);
  return match === null || !(port >= 0 && port <= 65_535) ? null : { host: match[1] ?? match[2] ?? '', port };
}

/** `HOST:PORT`, `[::1]:5432`. Port 0 (any free port) only where we listen. */
export function hostPort(options: { readonly listen: boolean }): Format<HostAndPort> {
  const expected = `HOST:PORT, such as 127.0.0.1:${options.listen ? 8470 : 5432}`;
  return {
    type: 'HOST:PORT',
    read: (raw) => {
      const place = splitHostPort(raw);
      return place === null || (place.port === 0 && !options.listen)
        ? new Refusal(expected, 'write the host, a colon and the port; IPv6 in brackets: [::1]:5432')
        : place;
    },
  };
}

function parseUrl(raw: unknown): URL | null {
  return typeof raw === 'string' && URL.canParse(raw) ? new URL(raw) : null;
}

/** Without a port http means 80, where neither Patroni nor etcd is: rather written than guessed. https has 443 by a gateway often enough. */
const WITH_PORT = /^(?:https:|http:\/\/(?:\[[^\]]*\]|[^:/?#]*):\d+)/i;
/** What stands where the port of a URL does. */
const PORT = /^https?:\/\/[^/?#@]+:(\d{5,9})\/?$/i;
const MOST_PORT = 65_535;
/** What fills in a template leaves this behind where it knows no value. */
const LEFT_OPEN = /\$\{|\{\{/;

/**
 * An http or https URL without credentials; `path` false also wants the port of http, and refuses everything behind it. Returned without a final slash.
 */
export function webUrl(options: { readonly path: boolean; readonly example: string }): Format<string> {
  const expected = `an http or https URL such as ${options.example}`;
  return {
    type: 'URL',
    read: (raw) => {
      const url = parseUrl(raw);
      if (url === null && Number(PORT.exec(String(raw))?.[1]) > MOST_PORT)
        return new Refusal(expected, 'write a port between 1 and 65535', 'a URL with a port beyond 65535');
      if (url === null || !['http:', 'https:'].includes(url.protocol)) {
        return new Refusal(expected, 'write the scheme, the host and the port');
      }
      if (url.username !== '' || url.password !== '') {
        return new Refusal(
          `${expected}, without a password in it`,
          'use username and passwordEnv or passwordFile',
          'a URL with credentials',
        );
      }
      if (LEFT_OPEN.test(String(raw)))
        return new Refusal(
          expected,
          'a template left a place open here: write the value, or see why it was not filled in',
        );
      if (!options.path && !WITH_PORT.test(String(raw)))
        return new Refusal(expected, 'write the port too: without one 80 is meant');
      if (!options.path && (url.pathname !== '/' || url.search !== '' || url.hash !== '')) {
        return new Refusal(expected, 'leave out what follows the port');
      }
      return options.path ? String(raw) : url.origin;
    },
  };
}

const STATS = webUrl({ path: true, example: 'http://10.0.0.7:7000/stats' });

/** Of HAProxy's statistics page: what asks for it as CSV is ours to add. */
export const statsUrl: Format<string> = {
  type: 'URL',
  read: (raw) =>
    typeof raw === 'string' && raw.endsWith(';csv')
      ? new Refusal(
          'the URL of the statistics page such as http://10.0.0.7:7000/stats',
          'leave out ;csv: Ekimi adds it',
        )
      : STATS.read(raw),
};

/** `tcp://HOST:PORT` or `unix:///PATH`, and what else is named. Returned as written. */
export function socketUrl(schemes: readonly ('tcp' | 'http')[]): Format<string> {
  const forms = [...schemes.map((scheme) => `${scheme}://HOST:PORT`), 'unix:///PATH'].join(' or ');
  return {
    type: forms,
    read: (raw) => {
      if (typeof raw === 'string' && /^unix:\/\/\/[^\s]+$/.test(raw)) return raw;
      const scheme = schemes.find((candidate) => typeof raw === 'string' && raw.startsWith(`${candidate}://`));
      const place = scheme === undefined ? null : splitHostPort(String(raw).slice(scheme.length + 3));
      return place === null
        ? new Refusal(forms, 'write one of these forms; a path begins with a third slash')
        : String(raw);
    },
  };
}

/** A prefix of DCS keys; returned with a slash at both ends, as Patroni uses it. */
export const namespace: Format<string> = {
  type: 'key prefix',
  read: (raw) =>
    typeof raw === 'string' && /^\/?[\w.-]+(?:\/[\w.-]+)*\/?$/.test(raw)
      ? `/${raw.replaceAll(/^\/|\/$/g, '')}/`
      : new Refusal('a key prefix such as /service/', "write the same prefix as in the members' patroni.yml"),
};

/** Of an address on which we listen or that we ask: only this host reaches it. */
export const isLoopback = (host: string): boolean => /^(?:127\.|localhost$|::1$)/.test(host);
