import { LOCAL_DRIVER_NAMES } from '../model/host-drivers.js';
import { hostPort, name, webUrl } from './addresses.js';
import { path, variable } from './files-and-variables.js';
import { mapOf, nullable, oneOf } from './formats.js';
import { key, optional, REQUIRED } from './schema.js';

const peerUrl = webUrl({ path: false, example: 'https://10.0.0.1:8471' });

/** `hosts.peers` of `ekimi.yaml`. */
export const PEERS = optional(
  'peers: every instance stands beside a member and lends its own driver to whoever holds tenure. What is named in `members`, `dcs` and `proxy` of `hosts` is what this instance reaches itself; everything else is asked of the instance that is named here.',
  {
    local: key(
      nullable(oneOf(LOCAL_DRIVER_NAMES)),
      null,
      'Driver of what this instance reaches itself, with its keys above. Null: it reaches nothing, and only asks others.',
    ),
    listen: key(
      nullable(hostPort({ listen: true })),
      null,
      'Where it lends that driver: HOST:PORT. Beyond loopback only with `tls`. Null: to nobody.',
    ),
    members: key(
      mapOf(name, peerUrl),
      REQUIRED,
      'URL of the instance beside each member. Our own may be among them, so that all instances can have the same map.',
    ),
    dcs: key(mapOf(name, peerUrl), {}, 'URL of the instance beside each etcd endpoint.'),
    proxy: key(mapOf(name, peerUrl), {}, 'URL of the instance beside each proxy.'),
    tls: optional(
      'TLS between instances. One certificate serves as client and as server. Paths of PEM files, read anew every 30 s and at SIGHUP.',
      {
        ca: key(
          nullable(path),
          null,
          'Authority of the instances, better one of their own: whoever has a certificate of it may stop members. With it only clients with such a certificate are taken. Null: the system ones, and a token is needed.',
        ),
        cert: key(nullable(path), null, 'Our certificate. Needs `key`.'),
        key: key(nullable(path), null, 'Private key of `cert`.'),
      },
    ),
    tokenEnv: key(
      nullable(variable),
      null,
      'Environment variable that holds the token that all instances of the cluster share. Asked for beside a certificate, where both are configured.',
    ),
    tokenFile: key(nullable(path), null, 'File that holds it.'),
  },
);
