/** Starting everything over: database, menus, chats and clock, with what is being done, until the page begins anew. */

import { get, post } from './api.js';
import { button, el } from './dom.js';
import { t } from './i18n.js';
import { store } from './store.js';
import { attempt, confirmed } from './toast.js';

const EACH_MS = 600;
const PATIENT = 20;

/** Asks once, begins, and shows how far it is. */
export async function everythingOver() {
  if (!(await confirmed(t('askStartOver'), t('reset')))) return;
  if ((await attempt(() => post('/start-over'))) === null) return;
  const said = el('ol', { class: 'over-said' });
  const dialog = el(
    'dialog',
    { class: 'ask over', 'aria-label': t('startingOver') },
    el('h2', {}, t('startingOver')),
    el('progress', { 'aria-label': t('startingOver') }),
    said,
  );
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
  const end = await ended(said);
  if (end === 'ready') {
    location.reload();
    return;
  }
  dialog.querySelector('progress').remove();
  dialog.append(el('p', { role: 'alert' }, t('startOverFailed')), button(t('close'), () => dialog.remove()));
}

/** What whoever started the simulator offers beside the phones. */
export const links = (where) =>
  store.owner.links.map(({ name, url }) =>
    el('a', { class: `button quiet ${where}`, href: url, target: '_blank', rel: 'noopener' }, t(name) || name),
  );

/** Reads how far it is until it is over; answers how it ended. */
async function ended(said) {
  let silent = 0;
  while (silent < PATIENT) {
    await new Promise((resolve) => {
      setTimeout(resolve, EACH_MS);
    });
    try {
      const told = await get('/start-over');
      silent = 0;
      said.replaceChildren(...told.said.map((line) => el('li', {}, line)));
      if (told.state !== 'working') return told.state;
    } catch {
      silent += 1;
    }
  }
  return 'gone';
}
