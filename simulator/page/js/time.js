/** Times as people in Bangkok read them; Thai pages count years of the Buddhist era. */

import { language } from './i18n.js';

const ZONE = 'Asia/Bangkok';

function format(moment, options) {
  const locale = language() === 'th' ? 'th-TH-u-ca-buddhist' : 'en-GB';
  return new Intl.DateTimeFormat(locale, { timeZone: ZONE, ...options }).format(new Date(moment));
}

/** 14:05 */
export const clockTime = (moment) => format(moment, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** 14:05:09 */
export const exactTime = (moment) =>
  format(moment, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

/** Sat, 21 November (the divider between days of a chat) */
export const dayLabel = (moment) => format(moment, { weekday: 'short', day: 'numeric', month: 'long' });

/** 21 November 2026 / 21 พฤศจิกายน 2569 */
export function longDate(moment) {
  const options = { day: 'numeric', month: 'long', year: 'numeric' };
  // The Thai locale adds the era's name ("พ.ศ."); people write the year without it.
  return language() === 'th' ? format(moment, options).replace(/\s*พ\.ศ\.\s*/, ' ') : format(moment, options);
}

/** The calendar day and time in Bangkok as numbers. */
export function bangkok(moment) {
  const shifted = new Date(new Date(moment).getTime() + 7 * 3600e3);
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth(),
    day: shifted.getUTCDate(),
    iso: shifted.toISOString().slice(0, 16),
  };
}

/** The same Bangkok time of day some months later; the day is cut to the month's last one. Answers ISO 8601 UTC. */
export function monthsLater(moment, months) {
  const shifted = new Date(new Date(moment).getTime() + 7 * 3600e3);
  const day = shifted.getUTCDate();
  shifted.setUTCDate(1);
  shifted.setUTCMonth(shifted.getUTCMonth() + months);
  const last = new Date(Date.UTC(shifted.getUTCFullYear(), shifted.getUTCMonth() + 1, 0)).getUTCDate();
  shifted.setUTCDate(Math.min(day, last));
  return new Date(shifted.getTime() - 7 * 3600e3).toISOString();
}

/** ISO 8601 UTC of a `datetime-local` value meant as Bangkok time. */
export const fromBangkok = (value) => new Date(`${value}:00+07:00`.replace(/(T\d\d:\d\d:\d\d):00/, '$1')).toISOString();
