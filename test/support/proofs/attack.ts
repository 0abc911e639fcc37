import { body, text, together, type Part } from './part.js';

const PARSE = 'src/adapters/patroni/parse.ts';
const METRICS = 'src/adapters/patroni/metrics.ts';
const WORDS = 'src/adapters/patroni/words.ts';
const PARTS = 'src/ledger/codec-parts.ts';
const READINESS = 'src/kernel/readiness.ts';

/** Holes found by attack: kind A. */
export const ATTACK: Readonly<Record<string, readonly Part[]>> = {
  A1: [
    text(
      'src/kernel/tenure.ts',
      'if (state === told?.state && epoch === told.epoch) return null;',
      'if (state === told?.state) return null;',
      'a new epoch was no news: "held" as before',
    ),
    text(
      'src/adapters/etcd/ledger.ts',
      '{ key: this.key, target: CompareTarget.Mod, result: CompareResult.Equal, mod_revision: over },',
      '',
      'a ledger was written over whatever stood there',
    ),
  ],
  A2: [
    text(
      'src/adapters/tags/edit.ts',
      "} catch {\n    return { kind: 'refused', reason: 'an alias or a merge (<<) in it leads nowhere' };",
      '} catch (error) {\n    throw new Error(String(error));',
      'it threw, and with it every pass',
    ),
    together(
      body('src/kernel/guarded.ts', 'guardedPorts', 'ports', 'what a port threw ended the pass'),
      text('src/observe/patience.ts', 'asked(ask).then(settle, threw)', 'ask().then(settle)'),
    ),
    body('src/kernel/guarded.ts', 'guardedPorts', 'ports', 'what a port threw ended the pass'),
    text('src/kernel/stand-back.ts', 'if (session.failedPasses >= FAILED_PASSES) return true;', '', 'tenure was kept'),
    text(
      'src/fleet/guarded-pass.ts',
      'if (count === 1) await tell(',
      'if (count === 0) await tell(',
      'nobody was told',
    ),
    text(
      'src/fleet/guarded-pass.ts',
      'if (count < FAILED_PASSES) return;',
      'if (count < Infinity) return;',
      'tenure was kept',
    ),
  ],
  A3: [
    body(
      'src/adapters/patroni/exchange.ts',
      'excerpt',
      "body.slice(0, 200_000).replace(/<[^>]*>/g, ' ').replace(/\\s+/g, ' ').trim().slice(0, length)",
      'a pattern in quadratic time, over the whole body',
    ),
    text(
      METRICS,
      'if (line.length > MAX_LINE_CHARS) return null;',
      '/^([A-Za-z_:][\\w:]*)[ \\t]*(\\{(?:[^"}]|"(?:[^"\\\\]|\\\\.)*")*\\})?[ \\t]+(\\S+)/.exec(line.slice(0, 200_000));',
      'a pattern in quadratic time, over the whole line',
    ),
  ],
  A4: [
    text(
      'src/journal/read.ts',
      '(bytes > maxBytes && newestFirst.length > 0)',
      'bytes < 0',
      'a page had no bound in bytes',
    ),
    text(
      'src/api/turnstile.ts',
      'if (this.#running >= this.#limits.atOnce) {',
      'if (false) {',
      'whoever asked was served at once',
    ),
    text(
      'src/journal/backwards.ts',
      'const CHUNK_BYTES = 256 * 1024;',
      'const CHUNK_BYTES = 2 ** 30;',
      'the whole file was read',
    ),
  ],
  A5: [
    body(PARTS, 'partsOf', '{ own: document, foreign: [] }', 'a part of the wrong shape was taken as it was'),
    text(PARTS, 'foreign.push(apart(name, value, true));\n    else', 'own[name] = [];\n    else', 'it was thrown away'),
    text(PARTS, "inFlight: HOLDS.includes(list) && row['phase'] !== 'abandoned',", 'inFlight: false,'),
    text(PARTS, 'else unreadable[one.list] = wordForWord(one);', ''),
  ],
  A6: [
    text(
      'src/api/auth.ts',
      'if (isForwarded(knock) && LOOPBACK.test(knock.remoteAddress)) sightings.proxySeen = true;',
      '',
    ),
    text(
      'src/api/auth.ts',
      " || isForwarded(knock) || knock.httpVersion === '1.0'",
      '',
      'a loopback address was an identity',
    ),
    text('src/api/auth.ts', 'config.openOnLoopback !== false && ', ''),
  ],
  A7: [
    body(READINESS, 'unseen', '[]', 'ready although nobody answered'),
    body(READINESS, 'refusing', '[]', 'ready although all refused us'),
    text(READINESS, '...impairments(session),', '', 'ready although nothing could be written'),
    text(READINESS, '...unreadableParts(session.ledger),', ''),
    text(READINESS, '...(session.policyError === null ? [] : [refusedPolicy(session.policyError)]),', ''),
  ],
  A8: [
    text(
      'src/model/json.ts',
      "return typeof item === 'string' && item.startsWith(TAG) ? `${ESCAPE}${item}` : item;",
      'return item;',
      'a text that began like a position came back as one',
    ),
  ],
  A9: [
    text(
      'src/config/redactor.ts',
      'return (text) => whole(text).replace(cut, HIDDEN);',
      'return whole;',
      'what a cut left of a secret was shown',
    ),
  ],
  A10: [
    body(
      'src/verify/verdict.ts',
      'unseen',
      "{ kind: 'met', text: 'no step is left' } as const",
      'succeeded: no step is left',
    ),
  ],
  A11: [
    body(
      PARSE,
      'bytesFrom',
      'integerText.safeParse(value).success ? Number(value) : null',
      'Infinity and figures beyond 64 bit were taken',
    ),
    text(
      PARSE,
      'position <= 0n || position > MAX_LSN',
      'position === 0n',
      'a position beyond 64 bit was furthest of all',
    ),
    text(PARSE, 'BigInt(lsn) > MAX_LSN ? MAX_LSN : BigInt(lsn)', 'BigInt(lsn)', 'a history ended where it said'),
    text(PARSE, 'number >= 0 && number <= MAX_SETTING', 'number >= 0', 'Infinity was a ttl'),
    text(PARSE, ' && raw.dcs_last_seen < MAX_SETTING', '', 'a moment beyond the calendar was one'),
    text(PARSE, 'z.int().nonnegative()', 'z.int()', 'a negative lag was one'),
    text(
      METRICS,
      'Object.fromEntries(values)',
      'Object.fromEntries([...values].filter(([name]) => !(name in {})))',
      'a figure called like a property of every object was lost',
    ),
    text(
      WORDS,
      "Role => ROLES.get(word) ?? 'other'",
      "Role => (Object.fromEntries(ROLES) as Record<string, Role>)[word] ?? 'other'",
      'a role `constructor` was a function',
    ),
    text(
      WORDS,
      "ROW_ROLES.get(word) ?? 'other'",
      "(Object.fromEntries(ROW_ROLES) as Record<string, never>)[word] ?? 'other'",
      'a role `constructor` was a function',
    ),
    text(
      'src/adapters/patroni/effect.ts',
      "{ status: (status) => status < 400 || [408, 425, 429, 499].includes(status), text: /^/, effect: 'maybe' },",
      '',
      '3xx, 408 and 425 were refusals',
    ),
    text(
      'src/adapters/hosts/command/run.ts',
      'for (const name of options.hidden ?? []) Reflect.deleteProperty(env, name);',
      '',
      'commands inherited our secrets',
    ),
    text(
      'src/config/small-file.ts',
      "if (!stat.isFile()) throw new NotAFile(stat.isDirectory() ? 'EISDIR' : 'not a regular file');",
      '',
      'a device or a folder was read',
    ),
    text('src/app/api-access.ts', 'token.length >= LEAST_TOKEN_CHARS && ', '', 'a token of a newline was one'),
    text(
      'src/app/api-access.ts',
      'const isOpen = (stat.mode & 0o027) !== 0;',
      'const isOpen = false;',
      'a token that anybody may write was kept',
    ),
    text(
      'src/adapters/haproxy/servers.ts',
      "weight: lesser(numberIn(record['weight']), state?.weight ?? null),",
      'weight: null,',
      'a weight was not read',
    ),
    text(
      'src/adapters/haproxy/servers.ts',
      'running: RUNNING.includes(operational),',
      "running: operational !== '0',",
      'a state that is no number was running',
    ),
  ],
};
