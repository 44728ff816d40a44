/** What happens when a person presses something: LINE's actions, one by one. */

import { post } from './api.js';
import { t } from './i18n.js';
import { openBrowser, pickDate } from './sheet.js';
import { keepPerson, store } from './store.js';
import { attempt, toast } from './toast.js';

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure page the browser has no clipboard for scripts; the words are at least shown.
  }
  toast(t('copied', { text }));
}

/** https://line.me/R/oaMessage/@id/?words writes the words into the chat's text field. */
function prefilled(uri) {
  const match = /^(?:https:\/\/line\.me\/R|line:\/)\/oaMessage\/[^/]+\/\?(.*)$/.exec(uri);
  return match ? decodeURIComponent(match[1]) : null;
}

async function tap(phone, action, params) {
  const body = { action, ...(params && { params }), ...(phone.group && { group: phone.group }) };
  const result = await attempt(() => post(`/people/${phone.person}/tap`, body));
  // Only of a switch: after any other tap the bot may have linked another menu, and the stream has told it already.
  if (action.type === 'richmenuswitch' && result && 'menu' in result && store.people.has(phone.person)) {
    keepPerson({ ...store.people.get(phone.person), menu: result.menu });
  }
  return result;
}

async function open(phone, action) {
  const words = prefilled(action.uri);
  if (words !== null) phone.bar.openKeyboard(words);
  else openBrowser(phone, action.uri);
  await tap(phone, action);
}

const INPUT = {
  openRichMenu: (phone) => phone.bar.openMenu(),
  closeRichMenu: (phone) => phone.bar.closeMenu(),
  openKeyboard: (phone, action) => phone.bar.openKeyboard(action.fillInText || ''),
  openVoice: () => toast(t('voice')),
};

const say = (phone, type) =>
  attempt(() =>
    post(`/people/${phone.person}/say`, {
      message: { type },
      ...(phone.group && { group: phone.group }),
    }),
  );

const PERFORM = {
  uri: open,
  clipboard: async (phone, action) => {
    await copy(action.clipboardText);
    await tap(phone, action);
  },
  camera: (phone) => say(phone, 'image'),
  cameraRoll: (phone) => say(phone, 'image'),
  location: (phone) => say(phone, 'location'),
  async datetimepicker(phone, action) {
    const params = await pickDate(phone, action);
    return params && tap(phone, action, params);
  },
  async postback(phone, action) {
    INPUT[action.inputOption]?.(phone, action);
    await tap(phone, action);
  },
};

/** Runs the action as this phone's person. Answers false when they thought better of it. */
export async function perform(phone, action) {
  const done = await (PERFORM[action.type] || tap)(phone, action);
  return done !== null;
}
