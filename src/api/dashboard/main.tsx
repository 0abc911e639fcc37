import { render } from 'preact';
import { App } from './app.js';
import { listenToKeys } from './keys.js';
import { start } from './store.js';
import { applyTheme } from './top.js';

applyTheme();
listenToKeys();
const root = document.getElementById('app');
if (root !== null)
  start((state) => {
    render(<App state={state} />, root);
  });
