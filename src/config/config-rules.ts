import { isLoopback } from './addresses.js';
import { CHANNEL_RULES } from './channel-rules.js';
import { repeated, type ConfigFacts } from './config-facts.js';
import { sha256Of } from './hash.js';
import { INVENTORY_RULES } from './inventory-rules.js';
import { NOTIFICATION_RULES } from './notification-rules.js';
import { PEER_RULES } from './peer-rules.js';
import { PROXY_RULES } from './proxy-rules.js';
import { pairFault } from './pem-pair.js';
import type { Rule } from './rule.js';
import { sizeText } from './units.js';

const TOO_SHORT_A_TOKEN = 16;
const LEAST_JOURNAL_FILE_BYTES = 1024 ** 2;

/** What the keys of `ekimi.yaml` owe to each other. Every row is asked; an error refuses the whole file. */
export const CONFIG_RULES: readonly Rule<ConfigFacts>[] = [
  ...INVENTORY_RULES,
  ...CHANNEL_RULES,
  ...PROXY_RULES,
  ...PEER_RULES,
  ...NOTIFICATION_RULES,
  {
    // The journal is how a restart knows who led and how far, and what `ekimi why --at` looks up.
    id: 'journal-holds-history',
    severity: 'error',
    keys: ['journal.maxFile', 'journal.keepFiles'],
    check: ({ config: { journal } }) => [
      ...(journal.maxFileBytes >= LEAST_JOURNAL_FILE_BYTES
        ? []
        : [
            {
              key: 'journal.maxFile',
              found: `${sizeText(journal.maxFileBytes)}: a file for every few entries, and the oldest are removed`,
              expected: `at least ${sizeText(LEAST_JOURNAL_FILE_BYTES)}`,
              remedy: `raise it to ${sizeText(LEAST_JOURNAL_FILE_BYTES)} or more; to keep less, lower journal.keepFiles`,
            },
          ]),
      ...(journal.keepFiles !== 1
        ? []
        : [
            {
              key: 'journal.keepFiles',
              found: '1: with each new file everything before it is removed',
              expected: '0 (all) or at least 2',
              remedy: 'raise it to 2 or more, and lower journal.maxFile if space is short',
            },
          ]),
    ],
  },
  {
    id: 'token-unique',
    severity: 'error',
    keys: ['api.tokens'],
    check: ({ config }) => [
      ...repeated(
        config.api.tokens.map(({ name }, index) => [`api.tokens[${index}].name`, name]),
        'each name once',
        'rename one: the journal tells people apart by it',
      ),
      ...repeated(
        config.api.tokens.flatMap(({ token, sha256 }, index) =>
          token === '' && sha256 === undefined ? [] : [[`api.tokens[${index}]`, sha256 ?? sha256Of(token)] as const],
        ),
        'a token of its own for each name',
        'make a new one',
        () => 'the same token',
      ),
    ],
  },
  {
    id: 'token-weak',
    severity: 'warning',
    keys: ['api.tokens'],
    check: ({ config }) =>
      config.api.tokens
        .map(({ name, token }, index) => ({ name, length: token.length, key: `api.tokens[${index}]` }))
        .filter(({ length }) => length > 0 && length < TOO_SHORT_A_TOKEN)
        .map(({ name, key }) => ({
          key,
          found: `a short token for ${name}`,
          expected: `at least ${TOO_SHORT_A_TOKEN} characters`,
          remedy: 'make one with: openssl rand -hex 32',
        })),
  },
  {
    // The token that is made in the journal's folder is for whoever works on this host.
    id: 'api-exposed-without-tokens',
    severity: 'error',
    keys: ['api.listen', 'api.tokens'],
    check: ({ config: { api } }) =>
      isLoopback(api.host) || api.tokens.length > 0
        ? []
        : [
            {
              key: 'api.listen',
              found: `${api.host}:${api.port}, which others can reach, and no api.tokens`,
              expected: 'tokens for whoever may read or change, or a loopback address',
              remedy: 'listen on 127.0.0.1:8470, or add api.tokens',
            },
          ],
  },
  {
    id: 'api-tls-unusable',
    severity: 'error',
    keys: ['api.tls'],
    check: ({ config: { api } }) => {
      const fault = api.tls == null ? null : pairFault(api.tls);
      if (fault === null) return [];
      return [
        {
          key: `api.tls.${fault.part}`,
          found: fault.found,
          expected: 'a certificate, its own key without a passphrase, and for `ca` a certificate',
          remedy: 'name the right file, or make the pair anew',
        },
      ];
    },
  },
  {
    id: 'api-exposed',
    severity: 'warning',
    keys: ['api.listen'],
    check: ({ config: { api } }) =>
      isLoopback(api.host) || api.tls != null
        ? []
        : [
            {
              key: 'api.listen',
              found: `${api.host}:${api.port}, which others can reach, without api.tls`,
              expected: 'a loopback address, api.tls, or a proxy with TLS in front',
              remedy:
                'add api.tls, listen on 127.0.0.1 behind a proxy with TLS, or make sure that the network is trusted: tokens and answers travel in clear',
            },
          ],
  },
];
