import { describe, expect, it } from 'vitest';
import { csvRecords } from '../../src/adapters/haproxy/csv.js';
import { serverStates } from '../../src/adapters/haproxy/servers.js';
import { excerpt } from '../../src/adapters/patroni/exchange.js';
import { parseLossless } from '../../src/adapters/patroni/lossless.js';
import { metricsFrom } from '../../src/adapters/patroni/metrics.js';
import { redactorOf } from '../../src/config/redactor.js';
import { safeLogLine } from '../../src/model/log-line.js';
import { fromJson } from '../../src/model/json.js';
import { loadConfig } from '../../src/config/load-config.js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder } from '../unit/journal/journals.js';

const MIB = 1024 * 1024;
const of = (unit: string): string => unit.repeat(Math.ceil((4 * MIB) / unit.length));

/** What makes a careless pattern try every split of a run. */
const BODIES = {
  '<': `<html${of('<')}`,
  'blanks behind a name': `patroni_version${of(' ')}`,
  'quotes in labels': `patroni_version{${of('a="",')}`,
  'one open quote': `patroni_version{a="${of('x')}`,
  'escaped quotes': `patroni_version{a="${of('\\"')}`,
  'a name without end': of('a'),
  'messages without end': of('<p>Message: '),
  'fields that open a quote': `# pxname,svname,status\n${of('"a,')}`,
  'doubled quotes': `# pxname,svname,status\n"${of('""')}x`,
  'commas and lines': `# be_name srv_name srv_op_state srv_admin_state\n${of(',\n')}`,
  'digits in text': `{"a":"${of('1')}"}`,
  'a secret begun again and again': of('tops'),
  passwords: of('password='),
};

const redact = (() => {
  const directory = folder();
  const file = join(directory, 'ekimi.yaml');
  writeFileSync(
    file,
    'clusters:\n  - scope: s\n    patroni:\n      members: { a: http://127.0.0.1:8008 }\n      auth: { username: u, passwordEnv: P }\n    dcs: { hosts: [http://127.0.0.1:2379] }\njournal: { directory: ./j }\npolicy: ./p.yaml\n',
  );
  const loaded = loadConfig(file, { P: 'topsecret-topsecret-topsecret' });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return redactorOf(loaded.config);
})();

const quietly = (work: () => unknown): unknown => {
  try {
    return work();
  } catch {
    return null;
  }
};

const PARSERS: Readonly<Record<string, (body: string) => unknown>> = {
  metrics: (body) => metricsFrom(body),
  excerpt: (body) => excerpt(body, 120),
  'the statistics': (body) => csvRecords(body, ['pxname', 'svname']),
  'servers state': (body) => serverStates(body),
  'lossless JSON': (body) => quietly(() => parseLossless(body)),
  'our own JSON': (body) => quietly(() => fromJson(body)),
  redactor: (body) => redact.text(body),
  'redactor of documents': (body) => redact.json(JSON.stringify({ body })),
  'a line of a log': (body) => safeLogLine(body),
};

/** A linear pattern needs some hundredths of a second for 4 MiB, a quadratic one hours: the bound is far from both. */
const BOUND_MS = 8_000;

describe('[A3] an answer of 4 MiB', () => {
  const cases = Object.keys(PARSERS).flatMap((parser) => Object.keys(BODIES).map((body) => [parser, body] as const));
  it.each(cases)('%s reads "%s" without holding up the event loop', (parser, body) => {
    const beganMs = performance.now();
    PARSERS[parser]?.(BODIES[body as keyof typeof BODIES]);
    expect(performance.now() - beganMs).toBeLessThan(BOUND_MS);
  });
});
