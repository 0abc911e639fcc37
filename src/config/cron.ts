import { createRequire } from 'node:module';
import type * as NodeCron from 'node-cron';
import { isZone } from '../model/zone.js';
import { Refusal, type Format } from './formats.js';

/**
 * A cron expression read by node-cron. We ask it one question only, "does this wall-clock time match?", in UTC, where every wall-clock
 * time exists once; calendar.ts turns wall-clock time into moments, since a freeze must not vanish in a daylight-saving gap.
 */
export interface CronExpression {
  readonly fields: NodeCron.ParsedFields;
  /** `wallMs`: wall-clock time as if it were UTC, in milliseconds. */
  readonly matches: (wallMs: number) => boolean;
}

/** Loaded with the first expression, since most policies have none. Whoever asks waits for nothing, so it is no `import()`. */
const nodeCron = () => createRequire(import.meta.url)('node-cron') as typeof NodeCron;

const read = new Map<string, CronExpression>();

/** Throws for an expression that the `cron` format refuses. */
export function cronExpression(text: string): CronExpression {
  const known = read.get(text);
  if (known !== undefined) return known;
  const { createTask, parse } = nodeCron();
  const task: NodeCron.ScheduledTask = createTask(text, () => undefined, { timezone: 'UTC' });
  // Never started; destroying it takes it out of node-cron's registry, or every reload would leave one there.
  void task.destroy();
  const expression = { fields: parse(text), matches: (wallMs: number) => task.match(new Date(wallMs)) };
  read.set(text, expression);
  return expression;
}

/** True for five fields with both days restricted: node-cron wants both to match, classic cron either. */
export function restrictsBothDays(text: string): boolean {
  const [, , dayOfMonth, , dayOfWeek] = text.trim().split(/\s+/);
  return dayOfMonth !== undefined && dayOfWeek !== undefined && dayOfMonth !== '*' && dayOfWeek !== '*';
}

const EXPECTED = 'a cron expression of five fields: minute, hour, day of month, month, day of week';

const FIELDS: Readonly<Record<string, string>> = {
  minute: 'the minute',
  hour: 'the hour',
  dayOfMonth: 'the day of month (that month may not have it)',
  month: 'the month',
  dayOfWeek: 'the day of week',
  expression: 'its characters',
};

export const cron: Format<string> = {
  type: 'cron expression',
  read: (raw) => {
    if (typeof raw !== 'string') return new Refusal(EXPECTED, 'put it in quotes: "0 2 * * SUN"');
    const fields = raw.trim().split(/\s+/).length;
    if (fields !== 5) {
      return new Refusal(
        EXPECTED,
        `it has ${fields} field${fields === 1 ? '' : 's'}; windows open on the minute, there are no seconds`,
      );
    }
    const verdict = nodeCron().validateDetailed(raw);
    if (verdict.valid) return raw.trim();
    // By the field alone: its value may be anything, and messages do not repeat that.
    const wrong = [...new Set(verdict.errors.map(({ field }) => FIELDS[field] ?? 'one of the fields'))].join(', ');
    return new Refusal(EXPECTED, `correct ${wrong}`);
  },
};

export const timezone: Format<string> = {
  type: 'time zone',
  read: (raw) => {
    const expected = 'an IANA time zone such as UTC or Europe/Berlin';
    if (typeof raw !== 'string' || raw === '') return new Refusal(expected, 'write the name of the zone');
    return isZone(raw)
      ? raw
      : new Refusal(expected, 'abbreviations such as CEST are not zones; name the region and city');
  },
};
