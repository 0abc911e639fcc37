import { dayText } from '../words/moments.js';
import { pino, type DestinationStream, type Logger } from 'pino';
import { redactorOf, type Redactor } from '../config/redactor.js';
import type { EkimiConfig } from '../model/config.js';

/** Whatever a library puts into a field, these never reach a log. */
const FIELDS = ['*.password', '*.token', 'password', 'token', '*.authorization', 'headers.authorization'];

/** The daemon's log, a JSON object a line or (`log.pretty`) words, without any secret of the configuration wherever it may stand. */
export function openLog(
  config: EkimiConfig,
  destination?: DestinationStream,
  redact: Pick<Redactor, 'json'> = redactorOf(config),
): Logger {
  return pino(
    {
      level: config.log.level,
      redact: FIELDS,
      base: { name: 'ekimi' },
      hooks: {
        streamWrite: (line) => {
          const safe = redact.json(line);
          return config.log.pretty ? forPeople(safe) : safe;
        },
      },
    },
    destination,
  );
}

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};

/** `2026-11-23 02:30:11Z ERROR a person is needed  code=leader-down ...`, and the stack below if there is one. */
function forPeople(line: string): string {
  const { time, level, msg, err, name: _program, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const at = dayText(Number(time));
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const stack = typeof err === 'object' && err !== null && 'stack' in err ? `\n${String(err.stack)}` : '';
  const text = typeof msg === 'string' ? msg : '';
  const words = `${at} ${(LEVELS[Number(level)] ?? String(level)).padEnd(5)} ${[text, ...rest].join('  ')}${stack}\n`;
  // What others answered is in it: a terminal must not act on it.
  return words.replace(/[^\P{Cc}\n]/gu, '\ufffd');
}
