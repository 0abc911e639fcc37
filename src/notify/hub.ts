import type { CodedFields } from '../model/log-code.js';
import type { Delivered, Notice, NotificationsConfig, NotifyChannel } from '../model/notify.js';
import type { PageMessage } from '../model/page.js';
import type { CronWindow } from '../model/policy.js';
import { channelSubject, type ChannelHealth, type FailingChannel } from '../model/notify-health.js';
import type { Clock } from '../ports/clock.js';
import type { Notifier, NotifyHealthPort } from '../ports/notifier.js';
import type { NotifyChannelPort } from '../ports/notify-channel.js';
import { withScope } from '../words/scoped.js';
import { written } from './formats.js';
import { KeptOutbox, type KeptOutboxParts } from './kept-outbox.js';
import { linksOf } from './links.js';
import { knows, offered, type Item, type Offer } from './outbox.js';
import { KEEP_MS, NEW_PACE, nextOf, paceAfter, paceIdle, type ChannelPace } from './pace.js';
import { reportNotice, type ReportMessage } from './report-notice.js';
import { isKeyed, routed } from './routes.js';

export interface HubParts extends Pick<KeptOutboxParts, 'spool' | 'reopen'> {
  readonly config: NotificationsConfig;
  readonly channels: Readonly<Record<string, NotifyChannelPort>>;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly newId: () => string;
  /** Of several clusters: a command in a message names the one that is meant. */
  readonly isOneOfSeveral: boolean;
  /** Takes secrets out of what is told and kept. */
  readonly redact: (text: string) => string;
  readonly instance: string;
  readonly isOpen: (window: CronWindow, atMs: number) => boolean;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: CodedFields, message: string): void;
    error(fields: CodedFields, message: string): void;
  };
}

export interface Hub extends NotifyHealthPort {
  readonly notifier: Notifier;
  /** Keeps it and sends it as all else that is told. */
  report(message: ReportMessage): void;
  /** Sends what waits, until `stop`. Never rejects. */
  run(stop: AbortSignal): Promise<void>;
}

/** What is on its way when we are told to stop has so long. */
const LAST_SENDS_MS = 2_000;
const IDLE_MS = 60 * 60_000;

/** Takes what persons are told, keeps it until it is delivered, and sends it. One for all clusters of a process. */
export function openHub(parts: HubParts): Hub {
  return new Outlet(parts);
}

interface Counts {
  sent: number;
  failed: number;
  lost: number;
}

class Outlet implements Hub {
  readonly #parts: HubParts;
  readonly #channels: ReadonlyMap<string, NotifyChannel>;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #pace = new Map<string, ChannelPace>();
  readonly #counts = new Map<string, Counts>();
  readonly #kept: KeptOutbox;
  #wake = new AbortController();

  readonly notifier: Notifier = {
    page: (message) => {
      this.#take(message);
    },
  };

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.#channels = new Map(parts.config.channels.map((channel) => [channel.name, channel]));
    const { spool, reopen, log, clock, config } = parts;
    this.#kept = new KeptOutbox({ spool, reopen, log, maxBytes: config.spool.maxBytes, now: () => clock.now() });
  }

  health(): readonly ChannelHealth[] {
    this.#settleIdle();
    const channels = [...this.#channels.keys()].map((name): ChannelHealth => {
      const { failingSinceMs, why } = this.#pace.get(name) ?? NEW_PACE;
      const waiting = this.#kept.outbox.items.filter(({ channel }) => channel === name).length;
      return { name, failingSinceMs, why, waiting, ...this.#countsOf(name) };
    });
    const { fault } = this.#kept;
    return fault === null
      ? channels
      : [
          ...channels,
          { name: 'spool', failingSinceMs: fault.sinceMs, why: fault.why, waiting: 0, sent: 0, failed: 0, lost: 0 },
        ];
  }

  failing(): readonly FailingChannel[] {
    return this.health().flatMap(({ name, failingSinceMs, why }) =>
      failingSinceMs === null ? [] : [{ name, sinceMs: failingSinceMs, why: this.#parts.redact(why ?? 'no reason') }],
    );
  }

  async run(stop: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const wake = (): void => {
      this.#wake.abort();
    };
    stop.addEventListener('abort', wake, { once: true });
    while (!stop.aborted) {
      this.#wake = new AbortController();
      const nextMs = this.#sendDue();
      await clock.sleep(Math.max(0, Math.min(IDLE_MS, nextMs - clock.now())), this.#wake.signal);
    }
    const patience = new AbortController();
    await Promise.race([Promise.all(this.#busy.values()), clock.sleep(LAST_SENDS_MS, patience.signal)]);
    patience.abort();
    for (const channel of Object.values(this.#parts.channels)) channel.close();
    this.#kept.close();
  }

  /** A channel to which nothing is to be sent is not told to fail for days. */
  #settleIdle(): void {
    const nowMs = this.#parts.clock.now();
    const waiting = new Set(this.#kept.outbox.items.map(({ channel }) => channel));
    for (const [name, pace] of this.#pace) if (!waiting.has(name)) this.#pace.set(name, paceIdle(pace, nowMs));
  }

  #take(message: PageMessage): void {
    const { config, instance, isOpen } = this.#parts;
    const notice = this.#noticeOf(message);
    const isOurs = message.toldBy === null || message.toldBy === instance;
    const names =
      message.step === undefined ? routed(config, notice, isOpen) : (config.escalation[message.step]?.to ?? []);
    const follows = notice.change === 'ended' || notice.change === 'acknowledged';
    const to = config.channels
      .filter(({ name }) => channelSubject(name) !== message.subject || message.code !== 'notify-failed')
      .filter(({ kind }) => notice.isHandedOver !== true || isKeyed(kind))
      .filter(
        ({ name, kind }) =>
          names.includes(name) ||
          (follows && (knows(this.#kept.outbox, name, notice.key) || (isKeyed(kind) && (notice.isLast || !isOurs)))),
      )
      .map(({ name, kind }) => ({ name, isKeyed: isKeyed(kind) }));
    this.#offer(notice, to, isOurs);
  }

  report(message: ReportMessage): void {
    const { config, instance: by, redact } = this.#parts;
    const { scope } = message;
    const { link } = linksOf(config.link, { scope, change: 'report', incident: null, approvals: [] });
    const named = config.channels.filter(({ name, kind }) => message.to.includes(name) && !isKeyed(kind));
    const to = named.map(({ name }) => ({ name, isKeyed: false }));
    this.#offer(reportNotice(message, { by, redact, link }), to, true);
  }

  /** Kept on the disk for each of these channels, as far as there is room; what there is none for is told. */
  #offer(notice: Notice, to: Offer['to'], isOurs: boolean): void {
    const { config, clock, newId, log } = this.#parts;
    const nowMs = clock.now();
    this.#settleIdle();
    const { lines, full } = offered(this.#kept.outbox, {
      notice,
      to,
      isOurs,
      nowMs,
      maxBytes: config.spool.maxBytes,
      newId,
    });
    this.#kept.keep(lines);
    for (const channel of full) {
      this.#countsOf(channel).lost += 1;
      this.#kept.full();
      log.error({ code: 'NOTIFY_LOST', channel, key: notice.key }, 'the spool is full: a message was not kept');
    }
    this.#wake.abort();
  }

  #noticeOf({
    key,
    step: _step,
    toldBy: _toldBy,
    incident: of,
    text,
    unblock,
    approvals = [],
    ...rest
  }: PageMessage): Notice {
    const { redact, instance, config, isOneOfSeveral } = this.#parts;
    const { scope, change, page } = rest;
    const said = (words: string): string => redact(isOneOfSeveral ? withScope(words, scope) : words);
    const incident = of ?? null;
    return {
      ...rest,
      key: `${scope}/${key}`,
      text: said(text),
      unblock: unblock.map(said),
      incident,
      by: instance,
      ...linksOf(config.link, { scope, change, incident, approvals, ...(page !== undefined && { page }) }),
    };
  }

  /** Begins what is due, one at a time for each channel, and tells when the next is. */
  #sendDue(): number {
    const { clock, config } = this.#parts;
    const nowMs = clock.now();
    this.#kept.reopen();
    this.#dropOld(nowMs);
    let nextMs = this.#kept.retryAtMs;
    for (const [name, channel] of this.#channels) {
      if (this.#busy.has(name)) continue;
      const digest = isKeyed(channel.kind) ? null : config.digest;
      const next = nextOf(this.#kept.outbox, name, this.#pace.get(name) ?? NEW_PACE, digest, nowMs);
      if (next === null) continue;
      if (next.atMs > nowMs) nextMs = Math.min(nextMs, next.atMs);
      else this.#begin(channel, next.items);
    }
    return nextMs;
  }

  #begin(channel: NotifyChannel, items: readonly Item[]): void {
    const sending = this.#send(channel, items).finally(() => {
      this.#busy.delete(channel.name);
      this.#wake.abort();
    });
    this.#busy.set(channel.name, sending);
  }

  async #send(channel: NotifyChannel, items: readonly Item[]): Promise<void> {
    const { clock, random, channels, config, log } = this.#parts;
    const { name } = channel;
    const delivered = await this.#tried(channels[name], channel, items);
    const nowMs = clock.now();
    const wasFailing = (this.#pace.get(name) ?? NEW_PACE).failingSinceMs !== null;
    const at = { nowMs, random: random(), withinMs: config.digest.withinMs };
    this.#pace.set(name, paceAfter(this.#pace.get(name) ?? NEW_PACE, items, delivered, at));
    const counts = this.#countsOf(name);
    if (delivered.kind === 'sent') {
      counts.sent += items.length;
      if (wasFailing) log.info({ channel: name }, 'a channel to persons takes messages again');
      this.#kept.keep(items.map(({ id }) => ({ t: 'sent', id })));
      return;
    }
    counts.failed += 1;
    const fields = { channel: name, why: this.#parts.redact(delivered.why) };
    if (delivered.kind === 'refused' && items.length === 1) {
      counts.lost += items.length;
      log.error({ code: 'NOTIFY_LOST', ...fields }, 'a message was refused for good');
      this.#kept.keep(items.map(({ id }) => ({ t: 'dropped', id })));
    } else if (!wasFailing) log.warn({ code: 'NOTIFY_FAILED', ...fields }, 'a message could not be sent; tried again');
  }

  async #tried(
    port: NotifyChannelPort | undefined,
    channel: NotifyChannel,
    items: readonly Item[],
  ): Promise<Delivered> {
    try {
      const nowMs = this.#parts.clock.now();
      const message = written(
        channel,
        items.map(({ notice }) => notice),
        nowMs,
      );
      return (await port?.send(message, nowMs)) ?? { kind: 'retry', why: 'it is not configured' };
    } catch (error) {
      return { kind: 'retry', why: error instanceof Error ? error.message : String(error) };
    }
  }

  #dropOld(nowMs: number): void {
    const old = this.#kept.outbox.items.filter(
      ({ putAtMs, channel }) => nowMs - putAtMs > KEEP_MS && !this.#busy.has(channel),
    );
    const gone = this.#kept.outbox.items.filter(({ channel }) => !this.#channels.has(channel));
    for (const { channel, notice } of old) {
      this.#countsOf(channel).lost += 1;
      this.#parts.log.error({ code: 'NOTIFY_LOST', channel, key: notice.key }, 'a message was given up after a day');
    }
    this.#kept.keep([...new Set([...old, ...gone])].map(({ id }) => ({ t: 'dropped', id })));
  }

  #countsOf(name: string): Counts {
    const counts = this.#counts.get(name) ?? { sent: 0, failed: 0, lost: 0 };
    this.#counts.set(name, counts);
    return counts;
  }
}
