import { ONLY_PROXY, type ProxySeen } from './proxy.js';

/** A view of a version that knew one proxy with two pools, each server called like its member. */
interface ViewOfOneProxy {
  readonly proxy: ProxySeen['seen'];
  readonly pools: { readonly primary: string; readonly replica: string } | null;
}

const isOfOneProxy = (view: object): view is ViewOfOneProxy => 'proxy' in view && !('proxies' in view);

/** The same view with a list of proxies, as a journal of before has it with one; any other is handed back as it is. */
export function withProxies<V extends object>(view: V): V {
  if (!isOfOneProxy(view)) return view;
  const { proxy: seen, pools, ...rest } = view;
  const proxies: readonly ProxySeen[] =
    pools === null ? [] : [{ name: ONLY_PROXY, pools: { writes: pools.primary, reads: [pools.replica] }, seen }];
  return { ...rest, proxies } as object as V;
}
