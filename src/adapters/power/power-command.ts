import type { ClusterConfig } from '../../model/config.js';
import type { MemberName } from '../../model/names.js';
import type { Reply } from '../../model/plan.js';
import type { PowerStatus } from '../../model/power.js';
import { fresh, notConfigured, unknown, type Reading } from '../../model/reading.js';
import type { Clock } from '../../ports/clock.js';
import type { PowerPort } from '../../ports/power.js';
import { endText } from '../hosts/command/ends.js';
import { identityIn } from '../hosts/command/identity.js';
import { fillIn, runCommand } from '../hosts/command/run.js';
import { replyingSince } from '../reply.js';

/** Of the status verb. Every other code proves nothing. */
const STATES: Readonly<Record<number, boolean>> = { 0: true, 3: false };

/**
 * Power by the operator's own commands, argv templates in which `{name}` becomes the outlet, run without a shell.
 *
 * - `status` exits 0 where the machine has power and 3 where it has none; anything else, or no end in time, is unknown. It may print `host=NAME`:
 *   an answer about another outlet counts as none.
 * - `off` cuts it, at once and without asking the machine. What its exit code says is no proof: that is the status verb's alone.
 */
export function powerCommand(cluster: ClusterConfig, clock: Clock): PowerPort | null {
  const power = cluster.power ?? null;
  if (power === null) return null;
  const deadlineMs = cluster.deadlines.host;
  const hidden = cluster.secretEnv ?? [];

  async function status(member: MemberName): Promise<Reading<PowerStatus>> {
    const outlet = power?.members[member];
    if (power === null || outlet === undefined) return notConfigured(`power of ${member}`, clock.now());
    const argv = fillIn(power.commands.status, { name: outlet });
    const source = argv.join(' ');
    const outcome = await runCommand(argv, { deadlineMs, hidden });
    const atMs = clock.now();
    if (outcome.kind === 'fault') return unknown(outcome.fault.fault, `${source}: ${outcome.fault.why}`, atMs, source);
    const told = identityIn(outcome.stdout).host;
    if (told !== null && told !== outlet)
      return unknown('wrong-scope', `${source}: it answers for ${told}, not for ${outlet}`, atMs, source);
    const isOn = outcome.code === null ? undefined : STATES[outcome.code];
    if (isOn !== undefined) return fresh({ isOn, outlet }, atMs, source);
    const reason = `${source}: ${endText(outcome.code)}, where 0 is on and 3 is off: ${outcome.stderr}`;
    return unknown('bad-reply', reason, atMs, source);
  }

  return {
    status,

    async send({ member, outlet }): Promise<Reply> {
      const reply = replyingSince(clock);
      if (power.members[member] !== outlet)
        return reply('none', `${outlet} is not the outlet of ${member} any more (power.members); nothing was run`);
      const before = await status(member);
      if (before.kind === 'unknown') return reply('none', `${before.reason}; nothing was run`);
      if (before.kind === 'fresh' && !before.value.isOn) return reply('done', `${outlet} is off already`);
      const argv = fillIn(power.commands.off, { name: outlet });
      const outcome = await runCommand(argv, { deadlineMs, hidden });
      if (outcome.kind === 'fault')
        return reply(outcome.started ? 'maybe' : 'none', `${argv.join(' ')}: ${outcome.fault.why}`);
      if (outcome.code === 0) return reply('done', outcome.stdout.toString('utf8').trim());
      return reply('maybe', `${argv.join(' ')}: ${endText(outcome.code)}: ${outcome.stderr}`);
    },

    close: () => Promise.resolve(),
  };
}
