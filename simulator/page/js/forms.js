/** Forms in a dialog: the frame of all of them, and the one both the list of people and a phone open. */

import { patch } from './api.js';
import { button, el, field, select } from './dom.js';
import { t } from './i18n.js';
import { keepPerson } from './store.js';
import { attempt } from './toast.js';

/** Languages a person's LINE may be set to, by BCP 47 tag. */
export const LANGUAGES = [
  ['th', 'ไทย'],
  ['en', 'English'],
  ['ru', 'Русский'],
  ['ja', '日本語'],
  ['zh-Hant', '繁體中文'],
  ['zh-Hans', '简体中文'],
];

/** A dialog with a form; `fields` are nodes, `done` gets the FormData when it is sent. */
export function ask(title, fields, yes, done) {
  const form = el(
    'form',
    { method: 'dialog' },
    el('h3', {}, title),
    fields,
    el(
      'div',
      { class: 'row end' },
      button(t('cancel'), () => dialog.close(), { class: 'button quiet' }),
      el('button', { class: 'button primary', type: 'submit' }, yes),
    ),
  );
  const dialog = el('dialog', { class: 'ask', 'aria-label': title, on: { close: () => dialog.remove() } }, form);
  form.addEventListener('submit', () => done(new FormData(form)));
  document.body.append(dialog);
  dialog.showModal();
}

/** Asks for another name and language of a person. */
export function renamePerson(person) {
  const name = el('input', { name: 'name', required: true, maxlength: 60, value: person.name });
  const languages = select(LANGUAGES, person.language || 'th', null, { name: 'language' });
  ask(
    t('rename', { name: person.name }),
    [field(t('name'), name), field(t('personLanguage'), languages)],
    t('save'),
    async (data) => {
      const changed = await attempt(() =>
        patch(`/people/${person.id}`, { name: data.get('name').trim(), language: data.get('language') }),
      );
      if (changed?.id) keepPerson(changed);
    },
  );
}
