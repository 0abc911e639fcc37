import type { MemberName } from '../../model/names.js';
import type { Reply, Step } from '../../model/plan.js';
import { fresh, unknown, type Reading, type ReadingFault } from '../../model/reading.js';
import type { Clock } from '../../ports/clock.js';
import type { TagsPort } from '../../ports/tags.js';
import { noloadbalanceIn, withNoloadbalance } from './edit.js';

export type FileAnswer =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'fault'; readonly fault: ReadingFault; readonly why: string };

/** Where one member's patroni.yml lies and how its bytes come and go. */
export interface FileAccess {
  /** For people: `/etc/patroni.yml in CONTAINER`. */
  source(member: MemberName): string;
  read(member: MemberName): Promise<FileAnswer>;
  /** Replaces the whole file, owner and mode kept. `before` is what the edit was made from. */
  replace(
    member: MemberName,
    before: Buffer,
    after: Buffer,
  ): Promise<{ readonly effect: Reply['effect']; readonly text: string }>;
}

type Text =
  { readonly kind: 'text'; readonly text: string; readonly bytes: Buffer } | Extract<FileAnswer, { kind: 'fault' }>;

/**
 * `tags.noloadbalance` in a member's own file: the only place where a tag counts, and only after `POST /reload`. [patroni.md fact 1]
 * A write reads the file, changes the one token, writes it and reads it again: "done" means that the file says so now.
 */
export function tagsPort(files: FileAccess, clock: Clock): TagsPort {
  async function textOf(member: MemberName): Promise<Text> {
    const answer = await files.read(member);
    if (answer.kind === 'fault') return answer;
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(answer.bytes);
      return { kind: 'text', text, bytes: answer.bytes };
    } catch {
      return { kind: 'fault', fault: 'bad-reply', why: 'it is not UTF-8 text' };
    }
  }

  async function read(member: MemberName): Promise<Reading<boolean>> {
    const source = files.source(member);
    const answer = await textOf(member);
    const atMs = clock.now();
    if (answer.kind === 'fault') return unknown(answer.fault, `${source}: ${answer.why}`, atMs, source);
    const tag = noloadbalanceIn(answer.text);
    if (tag.kind === 'refused') return unknown('bad-reply', `${source}: ${tag.reason}`, atMs, source);
    return fresh(tag.value, atMs, source);
  }

  return {
    read,
    async write(step: Extract<Step, { port: 'tags' }>): Promise<Reply> {
      const startedMs = clock.monotonic();
      const source = files.source(step.member);
      const reply = (effect: Reply['effect'], text: string): Reply => ({
        effect,
        status: null,
        text: `${source}: ${text}`.slice(0, 300),
        tookMs: Math.round(clock.monotonic() - startedMs),
      });
      const answer = await textOf(step.member);
      if (answer.kind === 'fault') return reply('none', `cannot be read: ${answer.why}; nothing was changed`);
      const edit = withNoloadbalance(answer.text, step.value);
      if (edit.kind === 'refused') return reply('none', `${edit.reason}; nothing was changed`);
      if (edit.kind === 'same')
        return reply('done', `tags.noloadbalance was ${step.value} already; nothing was changed`);
      const outcome = await files.replace(step.member, answer.bytes, Buffer.from(edit.text, 'utf8'));
      if (outcome.effect === 'none') return reply('none', outcome.text);
      const after = await textOf(step.member);
      if (after.kind === 'fault') return reply('maybe', `was written, but cannot be read again: ${after.why}`);
      if (after.text === edit.text) return reply('done', `tags.noloadbalance is ${step.value} now`);
      const unchanged = after.text === answer.text;
      return reply(
        unchanged ? 'none' : 'maybe',
        `${unchanged ? 'is as it was' : 'holds neither the old nor the new text'}: ${outcome.text}`,
      );
    },
  };
}
