import '../support/seed.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Following, framesIn } from '../../src/api/dashboard/following.js';
import { EventStreams, STREAM_LIMITS, type Sink } from '../../src/api/events.js';
import { overview } from '../../src/api/overview.js';
import { openRunIn } from '../../src/api/run-overview.js';
import { toJson } from '../../src/model/json.js';
import type { ClusterSnapshot } from '../../src/model/snapshot.js';
import { FakeController } from '../support/fake-controller.js';
import { SCENARIOS, type ScenarioName } from '../support/scenarios.js';
import { NOW_MS } from '../support/snapshots.js';

/** A page: what it holds of the stream, through connections that break anywhere. */
class Page implements Sink {
  readonly writableLength = 0;
  readonly shown = new Map<string, string>();
  readonly lines: number[] = [];
  readonly following = new Following();
  isThere = false;
  #text = '';
  #closed: () => void = () => undefined;

  write(piece: Uint8Array): boolean {
    const { frames, rest } = framesIn(this.#text + Buffer.from(piece).toString('utf8'));
    this.#text = rest;
    for (const frame of frames) {
      const { kind, data } = this.following.take(frame);
      if (kind === 'snapshot' || kind === 'change') {
        const { nowMs: _nowMs, seq: _seq, ...picture } = data;
        this.shown.set((picture['snapshot'] as ClusterSnapshot).scope, JSON.stringify(picture));
      } else if (kind === 'entry') this.lines.push((data['line'] as { seq: number }).seq);
    }
    return true;
  }

  /** The connection breaks: what had arrived of a message is gone. */
  cut(): void {
    this.#text = '';
    this.#closed();
  }

  end(): void {
    this.cut();
  }
  destroy(): void {
    this.cut();
  }
  once(_event: 'close', listener: () => void): void {
    this.#closed = listener;
  }
}

const pictureOf = (snapshot: ClusterSnapshot): string =>
  toJson({ overview: overview(snapshot), run: openRunIn(snapshot), snapshot });

type Step =
  | { readonly kind: 'pass'; readonly scenario: ScenarioName; readonly scope: string; readonly laterMs: number }
  | { readonly kind: 'entry' | 'cut' | 'back' | 'new-run' }
  | { readonly kind: 'away'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      scenario: fc.constantFrom(...(Object.keys(SCENARIOS) as ScenarioName[])),
      scope: fc.constantFrom('email-cluster', 'billing', 'späte Ämter'),
      laterMs: fc.integer({ min: 0, max: 120_000 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('entry', 'cut', 'back', 'new-run') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('away' as const), ms: fc.integer({ min: 0, max: 120_000 }) }) },
);

/** Little is kept, so that some come back too late. */
const LIMITS = { ...STREAM_LIMITS, keptBytes: 12_000 };

it('whatever changes and wherever the connection breaks, a page shows what the daemon knows, and no line is heard twice', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let nowMs = NOW_MS;
      let run = 0;
      const controller = new FakeController(SCENARIOS.healthy(nowMs));
      const open = (): EventStreams =>
        new EventStreams({ controller, now: () => nowMs, redact: String, run: `r${run}`, limits: LIMITS });
      let streams = open();
      const page = new Page();
      const come = (): void => {
        if (page.isThere) return;
        streams.add(page, { form: 'changes', lastId: page.following.lastId });
        page.isThere = true;
      };
      for (const one of [...steps, { kind: 'back' } as const]) {
        nowMs += 1000;
        if (one.kind === 'pass') {
          nowMs += one.laterMs;
          controller.show({ ...SCENARIOS[one.scenario](nowMs), scope: one.scope });
        } else if (one.kind === 'entry') controller.write(nowMs, { kind: 'stop', reason: 'x\n\nid: r0-9\n' });
        else if (one.kind === 'back') come();
        else if (one.kind === 'away') nowMs += one.ms;
        else {
          if (page.isThere) page.cut();
          page.isThere = false;
          if (one.kind === 'cut') continue;
          streams.close();
          run += 1;
          streams = open();
        }
        if (!page.isThere) continue;
        for (const scope of controller.scopes())
          expect(page.shown.get(scope)).toBe(pictureOf(controller.snapshot(scope)!));
      }
      streams.close();
      expect(new Set(page.lines).size).toBe(page.lines.length);
    }),
  );
});

it('a change of a state that a page does not hold is refused, and the next connection begins anew', () => {
  const following = new Following();
  following.take({ id: 'a-1', kind: 'heartbeat', data: {} });
  const change = { nowMs: 0, scope: 'email-cluster', of: 1, seq: 2, change: { d: '', x: [] } };
  expect(() => following.take({ id: 'a-2', kind: 'change', data: change })).toThrow('another state');
  expect(following.lastId).toBeNull();
});
