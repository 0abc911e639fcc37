import type { Place } from './address.js';
import type { MemberName } from './names.js';
import type { Reading } from './reading.js';

/** One server line of HAProxy. Administrative and operational state are apart: drained by an operator is not down. */
export interface ProxyServer {
  readonly backend: string;
  readonly server: string;
  /** As in the statistics: UP, DOWN, MAINT, DRAIN, NOLB, `UP 1/3`. */
  readonly status: string;
  readonly up: boolean;
  readonly admin: ProxyAdmin;
  readonly sessions: number;
  readonly checkStatus: string;
  /** Seconds since the last change of state. */
  readonly lastChangeSeconds: number | null;
  /** What the balancer gives it now: 0 takes no new connection, whoever set it (operator, agent, slow start). Absent in older journals. */
  readonly weight?: number | null;
  /** Used only while no other server of its backend is. Absent in older journals. */
  readonly backup?: boolean;
  /** Where the proxy sends to, as `show servers state` has it: the address as it was resolved, and the port. Null: not told, or not resolved. */
  readonly address?: ProxyAddress | null;
  /** Which member it is where it is not called like one; null: that cannot be told. Absent: the member of its own name, if there is one. */
  readonly member?: MemberName | null;
  /** The operator says that it is no member's. */
  readonly isNobodys?: true;
}

/** `fqdn`: the name from which the proxy has it. */
export type ProxyAddress = Place & { readonly fqdn?: string };

/** `show servers state`, srv_admin_state: forced by a person or a program through the runtime API. */
export interface ProxyAdmin {
  readonly drain: boolean;
  readonly maint: boolean;
  /** A name that does not resolve: HAProxy's own maintenance, nobody asked for it. */
  readonly resolution: boolean;
}

export interface ProxyView {
  /** Number of the process that answered: another one behind the same address knows nothing of our drains. Absent in older journals. */
  readonly pid?: number | null;
  /** When the proxy's process started, if it tells: a restart forgets every drain. */
  readonly startedAtMs?: number | null;
  readonly servers: readonly ProxyServer[];
}

/** The proxy's backends by what they are for. */
export interface ProxyPools {
  /** Null: this proxy routes no writes. */
  readonly writes: string | null;
  readonly reads: readonly string[];
}

/** All of them. */
export const backendsOf = ({ writes, reads }: ProxyPools): readonly string[] =>
  writes === null ? reads : [writes, ...reads];

/** A proxy by the operator's name for it, and what it says. */
export interface ProxySeen {
  readonly name: string;
  readonly pools: ProxyPools;
  readonly seen: Reading<ProxyView>;
  /** It has no runtime API for us: we look, and nothing can be sent. */
  readonly mute?: true;
}

/** One server line of one proxy, by the names that the proxy knows. */
export type ServerPlace = {
  readonly proxy: string;
  readonly backend: string;
  readonly server: string;
};

/** Which process of a proxy was told something: another one knows nothing of it. */
export interface ProxyProcess {
  readonly pid: number | null;
  readonly startedAtMs: number | null;
}

/** Whose server it is, by name; null: nobody can tell. */
export const ownerOf = ({ member, server }: Pick<ProxyServer, 'member' | 'server'>): string | null =>
  member === undefined ? server : member;

/** What a proxy is called where the configuration has only one, in the form of version 0.1.0. */
export const ONLY_PROXY = 'proxy';
