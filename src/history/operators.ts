import type { EntryBody } from '../model/entry.js';

/** What a person did through Ekimi, and how often. */
export interface OperatorChange {
  readonly by: string;
  readonly what: string;
  readonly count: number;
}

/** Written by an instance for itself, or for what another one did. */
const isNobody = (by: string): boolean => by === 'ekimi' || by === 'another instance';

/** null: no person did it. */
export function changeOf(body: EntryBody): Omit<OperatorChange, 'count'> | null {
  switch (body.kind) {
    case 'approval':
      return body.by === null ? null : { by: body.by, what: `${body.state} ${body.plan.action}` };
    case 'switch':
      return isNobody(body.by)
        ? null
        : { by: body.by, what: `${body.change === 'on' ? 'paused' : 'resumed'} ${body.switch.subject}` };
    case 'procedure':
      return { by: body.by, what: `asked for ${body.name}: ${body.answer}` };
    case 'procedure-run':
      return isNobody(body.by) || body.change === 'stage' || body.change === 'held' || body.change === 'succeeded'
        ? null
        : { by: body.by, what: `${body.run.name}: ${body.change}` };
    default:
      return null;
  }
}
