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
}

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
