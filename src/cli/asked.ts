import type { Asked } from '../words/scoped.js';
import type { Common } from './context.js';

/** What of a command line says where the daemon is. */
export const askedOf = ({ config, url, tokenFile, ca, cert }: Common): Asked => ({
  ...(config !== undefined && { '--config': config }),
  ...(url !== undefined && { '--url': url }),
  ...(tokenFile !== undefined && { '--token-file': tokenFile }),
  ...(ca !== undefined && { '--ca': ca }),
  ...(cert !== undefined && { '--cert': cert }),
});
