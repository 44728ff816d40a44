/** The page's language: Thai or English, kept in this browser, first guessed from it. */

import { en } from './words/en.js';
import { th } from './words/th.js';

const WORDS = { en, th };
const KEY = 'line-simulator.language';
const listeners = new Set();
let current = localStorage.getItem(KEY) || (navigator.language?.toLowerCase().startsWith('th') ? 'th' : 'en');
document.documentElement.lang = current;

/** 'th' or 'en'. */
export const language = () => current;

/** The words of a key in the page's language; {name} places are filled from values. */
export function t(key, values = {}) {
  const words = WORDS[current][key] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

/** Whether a key is known (kinds that come from the server may be newer than the page). */
export const known = (key) => key in WORDS[current];

/** Changes the language for the page and remembers it. */
export function setLanguage(next) {
  current = next;
  localStorage.setItem(KEY, next);
  document.documentElement.lang = next;
  listeners.forEach((listener) => listener());
}

/** Calls back after each change of language. */
export const onLanguage = (listener) => listeners.add(listener);
