/** The conversation of one phone: bubbles, days, times, the dots while the bot is thinking. */

import { post } from './api.js';
import { avatar, el, iconButton } from './dom.js';
import { t } from './i18n.js';
import { drawMessage, isWide } from './messages.js';
import { openBrowser, openChoices } from './sheet.js';
import { store } from './store.js';
import { clockTime, dayLabel } from './time.js';
import { attempt, confirmed } from './toast.js';

const nameOf = (id) => store.people.get(id)?.name || t('someone');

export class Chat {
  /** `phone` owns the chat: its person, its group, whether it is shown as on a computer, and what pressing does. */
  constructor(phone) {
    this.phone = phone;
    this.rows = new Map();
    this.inner = el('div', { class: 'log-inner' });
    this.list = el('div', { class: 'log', role: 'log', tabindex: '0', 'aria-label': t('conversation') }, this.inner);
    this.root = el('div', { class: 'chat' }, this.list);
    this.lastDay = '';
    // Whoever reads the newest message goes on reading it when pictures load or the menu opens under it.
    this.atEnd = true;
    this.list.addEventListener(
      'scroll',
      () => {
        this.atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;
      },
      { passive: true },
    );
    const keep = new ResizeObserver(() => {
      if (this.atEnd) this.toEnd();
    });
    keep.observe(this.list);
    keep.observe(this.inner);
  }

  /** Draws all entries anew and shows the newest. */
  show(entries) {
    this.rows.clear();
    this.lastDay = '';
    this.list.setAttribute('aria-label', t('conversation'));
    this.inner.replaceChildren();
    entries.forEach((entry) => this.append(entry));
    this.toEnd();
  }

  /** Adds a new entry, or draws a known one anew (unsent, edited). */
  add(entry) {
    const old = this.rows.get(entry.id);
    if (old) {
      const row = this.row(entry);
      old.replaceWith(row);
      this.rows.set(entry.id, row);
      return;
    }
    if (entry.from === 'bot') this.stopDots();
    const following = this.atEnd || entry.sender === this.phone.person;
    this.append(entry).classList.add('fresh');
    if (following) this.toEnd();
  }

  append(entry) {
    const day = dayLabel(entry.at);
    if (day !== this.lastDay) this.inner.append(el('div', { class: 'day' }, el('span', {}, day)));
    this.lastDay = day;
    const row = this.row(entry);
    this.rows.set(entry.id, row);
    this.inner.append(row);
    return row;
  }

  /** Shows the newest entry. */
  toEnd() {
    this.atEnd = true;
    this.list.scrollTop = this.list.scrollHeight;
  }

  /** The dots of the loading animation, until the bot's next message or for the seconds it asked for. */
  startDots(seconds) {
    this.stopDots();
    this.dots = el(
      'div',
      { class: 'row bot dots-row', 'aria-label': t('thinking') },
      avatar(store.bot.name, store.bot.picture, 'small bot-face'),
      el('div', { class: 'bubble dots' }, el('i'), el('i'), el('i')),
    );
    this.inner.append(this.dots);
    this.toEnd();
    this.dotsTimer = setTimeout(() => this.stopDots(), seconds * 1000);
  }

  stopDots() {
    clearTimeout(this.dotsTimer);
    this.dots?.remove();
    this.dots = null;
  }

  row(entry) {
    if (entry.unsent) return this.notice(t('unsentBy', { name: this.author(entry) }));
    if (entry.from === 'system') return this.notice(entry.message?.text || t('event'));
    return this.isOwn(entry) ? this.ownRow(entry) : this.otherRow(entry);
  }

  isOwn(entry) {
    return entry.from === 'user' && (!entry.sender || entry.sender === this.phone.person);
  }

  author(entry) {
    if (entry.from === 'bot') return entry.message?.sender?.name || store.bot.name;
    return this.isOwn(entry) ? t('you') : nameOf(entry.sender);
  }

  notice(words) {
    return el('div', { class: 'notice' }, el('span', {}, words));
  }

  content(entry) {
    return drawMessage(entry.message, {
      run: this.phone.pc ? null : (action) => this.phone.perform(action),
      browse: (url) => openBrowser(this.phone, url),
      watched: (trackingId) => attempt(() => post(`/people/${this.phone.person}/video-watched`, { trackingId })),
    });
  }

  times(entry, ...words) {
    const edited = entry.edited && el('span', {}, t('edited'));
    return el('div', { class: 'times' }, edited, words, el('time', { datetime: entry.at }, clockTime(entry.at)));
  }

  ownRow(entry) {
    const tools = iconButton('more', t('messageTools'), () => this.tools(entry), { class: 'icon-button row-tools' });
    return el(
      'div',
      { class: 'row own', dataset: { entry: entry.id } },
      tools,
      this.times(entry, el('span', {}, t('read'))),
      this.content(entry),
    );
  }

  otherRow(entry) {
    const bot = entry.from === 'bot';
    const name = this.author(entry);
    const picture = bot ? entry.message.sender?.iconUrl || store.bot.picture : store.people.get(entry.sender)?.picture;
    const named = !bot || this.phone.group || entry.message.sender?.name;
    const wide = isWide(entry.message);
    return el(
      'div',
      { class: `row bot${wide ? ' wide' : ''}`, dataset: { entry: entry.id, via: entry.via || '' } },
      avatar(name, picture, `small${bot ? ' bot-face' : ''}`),
      el(
        'div',
        { class: 'said' },
        named && el('div', { class: 'name' }, name),
        el(
          'div',
          { class: 'said-line' },
          this.content(entry),
          this.times(entry, entry.via && el('span', {}, t(`via_${entry.via}`))),
        ),
      ),
    );
  }

  tools(entry) {
    const path = `/people/${this.phone.person}`;
    const unsend = async () => {
      if (!(await confirmed(t('askUnsend'), t('unsend')))) return;
      await attempt(() => post(`${path}/unsend`, { messageId: entry.id }));
    };
    // LINE lets people edit in groups only, and texts only.
    const edit = this.phone.group && entry.message.type === 'text' && [t('edit'), () => this.phone.bar.edit(entry)];
    openChoices(this.phone, t('messageTools'), [edit, [t('unsend'), unsend, true]]);
  }
}
