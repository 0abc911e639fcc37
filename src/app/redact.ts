import type { Redactor } from '../config/secrets.js';
import type { Ports } from '../observe/ports.js';

/**
 * The same ports, whose explanations hold none of our secrets: why a reading is unknown, what the other end said to a request, lines of a
 * member's log. All that the journal, the status and the API repeat of the outside comes in here. Facts stay as they are: a password that
 * is also an ordinary word would change them.
 */
export function discreetPorts(ports: Ports, redact: Redactor): Ports {
  const discreet = <P extends object>(port: P | null): P | null => (port === null ? null : discreetPort(port, redact));
  return {
    clock: ports.clock,
    patroni: discreetPort(ports.patroni, redact),
    dcs: discreetPort(ports.dcs, redact),
    postgres: discreet(ports.postgres),
    proxy: discreet(ports.proxy),
    host: discreet(ports.host),
    tags: discreet(ports.tags),
    certificates: discreet(ports.certificates ?? null),
    names: discreet(ports.names ?? null),
  };
}

function discreetPort<P extends object>(port: P, redact: Redactor): P {
  return new Proxy(port, {
    get: (target, name): unknown => {
      const part: unknown = Reflect.get(target, name, target);
      if (typeof part !== 'function') return part;
      return (...given: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(part, target, given);
        return answer instanceof Promise ? answer.then((value: unknown) => spoken(value, redact)) : answer;
      };
    },
  });
}

/** Readings, replies and the other answers of ports, by the fields that are written for people. */
function spoken(answer: unknown, redact: Redactor): unknown {
  if (Array.isArray(answer)) return answer.map((row: unknown) => spoken(row, redact));
  if (typeof answer !== 'object' || answer === null) return answer;
  const fields = answer as Readonly<Record<string, unknown>>;
  if (fields['kind'] === 'fresh')
    return isLines(fields['value']) ? { ...fields, value: fields['value'].map(redact) } : answer;
  const words = ['reason', 'text', 'why'].flatMap((name) => {
    const word = fields[name];
    return typeof word === 'string' ? [[name, redact(word)] as const] : [];
  });
  const status = fields['status'];
  const nested = typeof status === 'object' ? { status: spoken(status, redact) } : {};
  return { ...fields, ...Object.fromEntries(words), ...nested };
}

const isLines = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((line) => typeof line === 'string');
