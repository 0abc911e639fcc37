// What happened when, seen from outside and the same way with and without a controller: Docker's events, a watch of the leader key, HAProxy's
// log, each member's GET /primary, and each member's own word on whether it accepts writes.
import { setTimeout as later } from 'node:timers/promises';
import { base64, ETCDS, follow, MEMBERS, status } from './lab.mjs';
import { nowMs } from './pause.mjs';

const PRIMARY_EVERY_MS = 150;
const ROLE_EVERY_MS = 250;

/** An observed fact. `what` is one of docker, key-put, key-deleted, proxy-up, proxy-down, primary-200, role. */
/** @typedef {{ atMs: number, what: string, member: string, detail: string }} Fact */

export class Observer {
  /** @type {Fact[]} */
  facts = [];
  #lab;
  #stop = new AbortController();
  #children = new Set();
  #roles = new Map();

  constructor(lab) {
    this.#lab = lab;
  }

  start() {
    this.#dockerEvents();
    this.#proxyLog();
    void this.#watchKey();
    for (const member of MEMBERS) {
      void this.#primary(member);
      void this.#role(member);
    }
  }

  stop() {
    this.#stop.abort();
    for (const child of this.#children) child.kill('SIGKILL');
  }

  /** First fact at or after `sinceMs` that fits; null if there is none. */
  first(what, sinceMs, fits = () => true) {
    return this.facts.find((fact) => fact.what === what && fact.atMs >= sinceMs && fits(fact)) ?? null;
  }

  /**
   * Milliseconds from `sinceMs` to `untilMs` in which two or more members said of themselves that they accept writes. A member that gave no answer for
   * longer than three rounds is not counted: silence is no proof either way.
   */
  twoPrimariesMs(sinceMs, untilMs = Infinity) {
    const samples = this.facts.filter((fact) => fact.what === 'role' && fact.atMs >= sinceMs && fact.atMs < untilMs);
    const latest = new Map();
    let total = 0;
    let previous = null;
    for (const sample of samples) {
      if (previous !== null && previous.two) total += sample.atMs - previous.atMs;
      latest.set(sample.member, sample);
      const primaries = [...latest.values()].filter(
        (fact) => fact.detail === 'primary' && sample.atMs - fact.atMs <= 3 * ROLE_EVERY_MS,
      );
      previous = { atMs: sample.atMs, two: primaries.length > 1 };
    }
    return Math.round(total);
  }

  /** Each member's own word on its role since `sinceMs`, one fact for each time that it changed. @returns {Fact[]} */
  roleChanges(sinceMs) {
    const before = new Map();
    return this.facts.filter((fact) => {
      if (fact.what !== 'role' || fact.atMs < sinceMs || before.get(fact.member) === fact.detail) return false;
      before.set(fact.member, fact.detail);
      return true;
    });
  }

  #note(what, member, detail, atMs = nowMs()) {
    this.facts.push({ atMs, what, member, detail });
  }

  #name(container) {
    return container.startsWith(`${this.#lab.prefix}-`) ? container.slice(this.#lab.prefix.length + 1) : container;
  }

  #dockerEvents() {
    const args = ['events', '--filter', `label=ekimi.lab=${this.#lab.prefix}`, '--format', '{{json .}}'];
    this.#child('docker', args, (line) => {
      const event = JSON.parse(line);
      if (event.Action?.startsWith('exec_create') || event.Action?.startsWith('exec_die')) return;
      this.#note('docker', this.#name(event.Actor?.Attributes?.name ?? ''), event.Action, event.timeNano / 1e6);
    });
    const network = ['events', '--filter', 'type=network', '--format', '{{json .}}'];
    this.#child('docker', network, (line) => {
      const event = JSON.parse(line);
      if (event.Actor?.Attributes?.name !== `ekimi-lab-${this.#lab.prefix}_default`) return;
      this.#note('docker', '', `network-${event.Action}`, event.timeNano / 1e6);
    });
  }

  #proxyLog() {
    const args = [
      'logs',
      '--follow',
      '--timestamps',
      '--since',
      new Date().toISOString(),
      this.#lab.container('haproxy'),
    ];
    this.#child('docker', args, (line) => {
      const found = /^(\S+) .*Server postgres_primary\/(\w+) .*?is (UP|DOWN|going DOWN)/.exec(line);
      if (found === null) return;
      this.#note(
        found[3] === 'UP' ? 'proxy-up' : 'proxy-down',
        found[2],
        line.slice(found[1].length + 1),
        Date.parse(found[1]),
      );
    });
  }

  #child(command, args, onLine) {
    const child = follow(command, args, onLine);
    this.#children.add(child);
    child.on('exit', () => this.#children.delete(child));
    return child;
  }

  // The watch goes through one etcd member; when that one ends it, through the next, from the revision after the last that was seen.
  async #watchKey() {
    let revision = 0;
    for (let turn = 0; !this.#stop.signal.aborted; turn += 1) {
      try {
        const response = await fetch(this.#lab.etcd(ETCDS[turn % ETCDS.length], '/v3/watch'), {
          method: 'POST',
          body: JSON.stringify({
            create_request: { key: base64(this.#lab.leaderKey), ...(revision > 0 && { start_revision: revision + 1 }) },
          }),
          signal: this.#stop.signal,
        });
        let rest = '';
        for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop();
          for (const line of lines) revision = this.#keyEvents(JSON.parse(line).result, revision);
        }
      } catch {
        // The next turn asks another etcd member.
      }
      await pause(200, this.#stop.signal);
    }
  }

  #keyEvents(result, revision) {
    let last = revision;
    for (const event of result?.events ?? []) {
      last = Math.max(last, Number(event.kv.mod_revision));
      const value = event.kv.value === undefined ? '' : Buffer.from(event.kv.value, 'base64').toString();
      this.#note(event.type === 'DELETE' ? 'key-deleted' : 'key-put', value, event.type ?? 'PUT');
    }
    return last;
  }

  async #primary(member) {
    let before = null;
    while (!this.#stop.signal.aborted) {
      const now = await status(this.#lab.api(member, '/primary'), 1_000);
      if (now !== before && now === 200) this.#note('primary-200', member, '');
      before = now;
      await pause(PRIMARY_EVERY_MS, this.#stop.signal);
    }
  }

  // Over the local socket inside the container: also a member that is cut off from this host can be asked.
  async #role(member) {
    const question = "SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END;\n";
    const args = ['exec', '-i', '-u', 'postgres', this.#lab.container(member), 'psql', '-XqAt', '-d', 'postgres'];
    while (!this.#stop.signal.aborted) {
      const child = this.#child('docker', args, (line) => {
        if (line === 'primary' || line === 'replica') this.#note('role', member, line);
      });
      while (child.exitCode === null && child.signalCode === null && !this.#stop.signal.aborted) {
        child.stdin.write(question);
        await pause(ROLE_EVERY_MS, this.#stop.signal);
      }
      // The server has ended that session: what it said before is no longer its word.
      if (!this.#stop.signal.aborted) this.#note('role', member, 'none');
      await pause(500, this.#stop.signal);
    }
  }
}

const pause = (ms, signal) => later(ms, undefined, { signal }).catch(() => {});
