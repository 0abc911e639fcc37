import { API_ROLES, type ApiRole, type ClusterConfig, type EkimiConfig } from '../model/config.js';
import type { ActionName } from '../model/plan.js';
import type { Policy } from '../model/policy.js';
import { CLUSTER_RULES } from './cluster-rules.js';
import type { ConfigError, Locator } from './config-error.js';
import { ONLY_PROXY } from '../model/proxy.js';
import { judge, nowhere, type Breach, type Rule } from './rule.js';

interface Both {
  readonly config: EkimiConfig;
  readonly policy: Policy;
  readonly written: (key: string) => boolean;
}

const mayTouchMembers = ({ policy }: Both): boolean =>
  Object.values(policy.actions).some(({ mode }) => mode === 'approve' || mode === 'auto');

const runtimeKey = (proxy: string): string => (proxy === ONLY_PROXY ? 'proxy.runtime' : `proxies.${proxy}.runtime`);

const missingActuator = {
  proxy: ({ proxies }: ClusterConfig) => {
    const mute = proxies.find(({ runtime }) => runtime === null);
    if (proxies.length === 0) return 'proxies.NAME.runtime';
    return mute === undefined ? null : runtimeKey(mute.name);
  },
  tag: (cluster: ClusterConfig) => (cluster.tags === null ? 'tags' : null),
} as const;

function drainBreaches({ config, policy, written }: Both): Breach[] {
  if (policy.actions['drain-replica'].mode === 'off') return [];
  return config.clusters.flatMap((cluster) => {
    const missing = policy.drain.actuators.flatMap((actuator) => {
      const section = missingActuator[actuator](cluster);
      return section === null ? [] : [{ actuator, section }];
    });
    return missing.map(({ actuator, section }) => ({
      key: 'drain.actuators',
      found: `${actuator}, while cluster ${cluster.scope} has no ${section} in the configuration`,
      expected: `${section} for the actuator ${actuator}`,
      remedy: `configure ${section}, take ${actuator} out of drain.actuators, or set drain-replica to off; until then no replica of ${cluster.scope} is drained by ${actuator}`,
      // Nobody asked for the default: it only means that draining is not possible here.
      severity: written('drain.actuators') ? ('error' as const) : ('warning' as const),
    }));
  });
}

function floorBreaches(key: 'minHealthyReplicas' | 'minReadPool'): Rule<Both>['check'] {
  return (both) =>
    both.config.clusters.flatMap((cluster) => {
      const floor = both.policy.limits[key];
      const members = cluster.members.length;
      if (floor < members - 1 || (floor === 0 && members === 1)) return [];
      const impossible = floor >= members && both.written(`limits.${key}`);
      if (!impossible && !mayTouchMembers(both)) return [];
      return [
        {
          key: `limits.${key}`,
          found: `${floor}, while cluster ${cluster.scope} has ${members} member${members === 1 ? '' : 's'}`,
          expected: `less than the ${members - 1} replica${members === 2 ? '' : 's'} it can have`,
          remedy: `lower it if a replica of ${cluster.scope} may be taken out at all; as it is none ever will be`,
          severity: impossible ? ('error' as const) : ('warning' as const),
        },
      ];
    });
}

/** Sites with so few members that the floor for each site lets none of them out, whoever leads. */
function siteFloorBreaches(both: Both): Breach[] {
  const floor = both.policy.limits.minReadPoolPerSite ?? 0;
  if (!mayTouchMembers(both)) return [];
  return both.config.clusters.flatMap(({ scope, members, sites = {} }) => {
    const small = [...new Set(Object.values(sites))].filter((site) => {
      const count = members.filter((name) => sites[name] === site).length;
      return count > 0 && count <= floor;
    });
    if (small.length === 0) return [];
    return [
      {
        key: 'limits.minReadPoolPerSite',
        found: `${floor}, while cluster ${scope} has no more members than that on ${small.join(', ')}`,
        expected: 'less than the members of a site',
        remedy: `set it to 0 if readers there may go to another site; as it is no replica of ${small.join(', ')} is ever drained`,
      },
    ];
  });
}

/** Two persons who must agree, and fewer who may: the first word is taken at night, and the second never comes. */
function twoPersonsBreaches({ config, policy }: Both): Breach[] {
  const actions = policy.approvals.twoPersonsFor ?? [];
  if (actions.length === 0) return [];
  const { tokens } = config.api;
  const names = (least: ApiRole): number =>
    new Set(tokens.filter(({ role }) => API_ROLES.indexOf(role) >= API_ROLES.indexOf(least)).map(({ name }) => name))
      .size;
  // As the routes have it: operators approve while no token has the role.
  const approving = names(tokens.some(({ role }) => role === 'approver') ? 'approver' : 'operator');
  if (approving >= 2) return [];
  const canStart = approving === 1 && names('operator') >= 2;
  return [
    {
      key: 'approvals.twoPersonsFor',
      found: `${actions.join(', ')}, while api.tokens names ${approving === 0 ? 'nobody' : 'one person'} who may approve`,
      expected: 'two tokens with different names that may approve',
      remedy: canStart
        ? 'add a token with the role approver; until then these are sent only where an operator starts them and the other approves'
        : 'add tokens with the role operator or approver, one a person; until then none of these is ever sent',
      severity: canStart ? ('warning' as const) : ('error' as const),
    },
  ];
}

const TOGETHER: readonly Rule<Both>[] = [
  {
    id: 'two-persons-there',
    severity: 'error',
    keys: ['approvals.twoPersonsFor', 'api.tokens'],
    check: twoPersonsBreaches,
  },
  { id: 'drain-actuator-configured', severity: 'error', keys: ['drain.actuators'], check: drainBreaches },
  {
    id: 'floor-below-members',
    severity: 'error',
    keys: ['limits.minHealthyReplicas'],
    check: floorBreaches('minHealthyReplicas'),
  },
  {
    id: 'read-pool-below-members',
    severity: 'error',
    keys: ['limits.minReadPool'],
    check: floorBreaches('minReadPool'),
  },
  {
    id: 'site-read-pool-below-members',
    severity: 'warning',
    keys: ['limits.minReadPoolPerSite', 'clusters[].sites'],
    check: siteFloorBreaches,
  },
  {
    id: 'host-driver-configured',
    severity: 'warning',
    keys: ['actions.start-member.mode', 'actions.start-store.mode'],
    check: ({ config, policy, written }) =>
      STARTS.flatMap(({ action, what, isNamed }) => {
        const { mode } = policy.actions[action];
        // Whoever wrote nothing of it asked for nothing: the doctor says which actions are impossible, and why.
        if (!written(`actions.${action}`)) return [];
        return config.clusters
          .filter(({ hosts }) => (mode === 'approve' || mode === 'auto') && (hosts === null || !isNamed(hosts)))
          .map(({ scope }) => ({
            key: `actions.${action}.mode`,
            found: `${mode}, while cluster ${scope} has no ${what} in the configuration`,
            expected: `hosts for an action that starts ${what === 'hosts' ? 'a member' : 'an etcd member'}`,
            remedy: `configure ${what}; until then no ${what === 'hosts' ? 'member' : 'etcd member'} of ${scope} is started`,
          }));
      }),
  },
];

/** What starts something needs to know what runs it. */
const STARTS: readonly {
  readonly action: ActionName;
  readonly what: string;
  readonly isNamed: (hosts: NonNullable<ClusterConfig['hosts']>) => boolean;
}[] = [
  { action: 'start-member', what: 'hosts', isNamed: () => true },
  {
    action: 'start-store',
    what: 'hosts.dcs',
    isNamed: ({ dcs, peers }) => Object.keys({ ...dcs, ...peers?.dcs }).length > 0,
  },
];

/**
 * Rows on a configuration and a policy that do not fit each other. Pass the policy's locator to have lines and columns, and so that a
 * default that cannot be used is a warning where the same value, written, is an error.
 */
export function checkTogether(
  config: EkimiConfig,
  policy: Policy,
  locator: Locator = nowhere(config.policyFile),
): ConfigError[] {
  return judge(TOGETHER, { config, policy, written: (key) => locator.at(key).written }, locator);
}

export const TOGETHER_RULES: readonly Pick<Rule<never>, 'id' | 'severity' | 'keys'>[] = [...TOGETHER, ...CLUSTER_RULES];
