import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { outlookOf, PAGE_GATES } from '../../../src/decide/page-gates.js';
import { GATE_NAMES, type GateName } from '../../../src/model/decision.js';

const block = (gate: GateName, retryAtMs: number | null) => ({ gate, because: '', unblock: '', retryAtMs });

describe('which gate reaches a person', () => {
  it('[N1] every gate has a row, and the page for people says the same', () => {
    const page = readFileSync(new URL('../../../docs/runbook/pages.md', import.meta.url), 'utf8');
    for (const gate of GATE_NAMES) {
      const { afterMs, because } = PAGE_GATES[gate];
      const when = afterMs === 0 ? 'at once' : `after ${afterMs / 1000} s`;
      expect(page).toContain(`| \`${gate}\` | ${when} | ${because} |`);
    }
  });

  it.each(GATE_NAMES)('[N1] %s reaches one where no time lifts it', (gate) => {
    expect(outlookOf(block(gate, null), 0)).not.toBeNull();
  });

  it('[N1] what opens within a minute wakes nobody, unless it waits for a word', () => {
    expect(outlookOf(block('cooldown', 60_000), 0)).toBeNull();
    expect(outlookOf(block('cooldown', 61_000), 0)).not.toBeNull();
    expect(outlookOf(block('approval', 1_000), 0)).not.toBeNull();
  });
});
