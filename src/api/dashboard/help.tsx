// Which keys there are, and what the words mean.
import type { JSX } from 'preact';
import { SHORTCUTS } from './shortcuts.js';
import { TERMS } from './terms.js';

export const Help = (): JSX.Element => (
  <>
    <dl class="keys">
      {Object.entries(SHORTCUTS).map(([key, text]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
    <dl class="glossary">
      {Object.entries(TERMS).map(([term, text]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  </>
);
