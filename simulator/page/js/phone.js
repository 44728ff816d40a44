/** One phone: a person looking at the official account's chat or at a group. */

import { post } from './api.js';
import { perform } from './actions.js';
import { Bar } from './bar.js';
import { Chat } from './chat.js';
import { avatar, button, el, icon, iconButton, keepingFocus } from './dom.js';
import { renamePerson } from './forms.js';
import { t } from './i18n.js';
import { summary } from './messages.js';
import { openChoices } from './sheet.js';
import { loadChat, store, tell } from './store.js';
import { clockTime } from './time.js';
import { attempt, confirmed } from './toast.js';

export class Phone {
  /** The phone of this person; `onClose` runs when its owner puts it away. */
  constructor(person, onClose) {
    this.person = person;
    this.onClose = onClose;
    this.group = null;
    this.pc = false;
    this.listing = false;
    this.top = el('header', { class: 'phone-head' });
    this.banner = el('div', { class: 'banner' });
    this.chats = el('nav', { class: 'chats' });
    this.chat = new Chat(this);
    this.bar = new Bar(this);
    this.screen = el('div', { class: 'screen' }, this.top, this.banner, this.chats, this.chat.root, this.bar.root);
    this.root = el('article', { class: 'phone', dataset: { person } }, this.screen);
  }

  /** The id of the chat on the screen: the person's own chat with the account, or a group. */
  get chatId() {
    return this.group || this.person;
  }

  get owner() {
    return store.people.get(this.person);
  }

  perform(action) {
    return perform(this, action);
  }

  /** Loads and shows the chat. */
  async start() {
    await attempt(() => loadChat(this.chatId));
    this.draw();
  }

  /** Draws everything anew. */
  draw() {
    if (!this.owner) return;
    this.root.classList.toggle('pc', this.pc);
    this.screen.classList.toggle('listing', this.listing);
    this.drawFrame();
    this.chat.show(store.chats.get(this.chatId) || []);
    this.bar.draw();
  }

  /** Draws what is around the chat: head, banner, list of chats. */
  drawFrame() {
    if (!this.owner) return;
    this.root.setAttribute('aria-label', t('phoneOf', { name: this.owner.name }));
    keepingFocus(this.top, () => this.drawHead());
    this.drawBanner();
    if (this.listing) this.drawChats();
  }

  drawHead() {
    const group = store.groups.get(this.group);
    const name = this.listing ? t('chats') : group?.name || store.bot.name;
    const others = [...this.owned()].filter((id) => id !== this.chatId).reduce((sum, id) => sum + this.unread(id), 0);
    const back = el(
      'button',
      {
        type: 'button',
        class: 'icon-button back',
        'aria-label': t('chats'),
        on: { click: () => this.list(!this.listing) },
      },
      icon('back'),
      others ? el('b', { class: 'badge' }, String(others)) : null,
    );
    const title = el(
      'h2',
      {},
      !this.group && !this.listing && el('span', { class: 'official', title: t('official') }, icon('shield')),
      el(
        'span',
        {},
        group && !this.listing ? `${name} (${group.members.length + (group.joined === false ? 0 : 1)})` : name,
      ),
    );
    this.top.replaceChildren(
      el(
        'div',
        { class: 'owner' },
        avatar(this.owner.name, this.owner.picture, 'tiny'),
        el('span', {}, this.owner.name),
        el('span', { class: 'device' }, icon(this.pc ? 'computer' : 'phone'), this.pc ? 'LINE for PC' : ''),
      ),
      el(
        'div',
        { class: 'title-line' },
        back,
        title,
        iconButton('menu', t('phoneTools'), () => this.tools(), { class: 'icon-button head-tools' }),
      ),
    );
  }

  drawBanner() {
    const { friend, blocked, gone, name } = this.owner;
    const parts = [];
    if (!friend && !blocked && !gone && !this.group) {
      parts.push(
        el('span', {}, t('notFriend', { name })),
        button(t('addFriend'), () => this.follow('follow'), { class: 'button primary' }),
      );
    }
    this.banner.replaceChildren(...parts);
    this.banner.hidden = !parts.length;
  }

  *owned() {
    yield this.person;
    for (const group of store.groups.values()) if (group.members.includes(this.person)) yield group.id;
  }

  unread(chat) {
    return store.unread.get(`${this.person}/${chat}`) || 0;
  }

  drawChats() {
    this.chats.setAttribute('aria-label', t('chats'));
    this.chats.replaceChildren(
      ...[...this.owned()].map((id) => {
        const last = (store.chats.get(id) || []).at(-1);
        const group = store.groups.get(id);
        const unread = this.unread(id);
        return el(
          'button',
          { type: 'button', class: 'chat-line', on: { click: () => this.enter(group ? id : null) } },
          avatar(group?.name || store.bot.name, group ? null : store.bot.picture, group ? '' : 'bot-face'),
          el(
            'span',
            { class: 'chat-line-text' },
            el('b', {}, group?.name || store.bot.name),
            el('small', {}, summary(last)),
          ),
          el(
            'span',
            { class: 'chat-line-end' },
            last && el('small', {}, clockTime(last.at)),
            unread ? el('b', { class: 'badge' }, String(unread)) : null,
          ),
        );
      }),
    );
  }

  list(open) {
    this.listing = open;
    this.draw();
    if (open) this.chats.querySelector('button')?.focus();
  }

  /** Shows a group's chat, or the account's when group is null. */
  async enter(group) {
    this.group = group;
    this.listing = false;
    this.bar.reset();
    store.unread.delete(`${this.person}/${this.chatId}`);
    await this.start();
    tell('unread');
    this.chat.list.focus();
  }

  /** follow, block or unblock. */
  follow(step) {
    return attempt(() => post(`/people/${this.person}/${step}`));
  }

  async block() {
    const { name } = this.owner;
    if (await confirmed(t('askBlock', { name, bot: store.bot.name }), t('block'))) await this.follow('block');
  }

  togglePc() {
    this.pc = !this.pc;
    this.bar.reset();
    this.draw();
  }

  tools() {
    const { blocked, friend, name } = this.owner;
    openChoices(this, t('phoneTools'), [
      [this.pc ? t('viewPhone') : t('viewPc'), () => this.togglePc()],
      !friend && !blocked && [t('addFriend'), () => this.follow('follow')],
      blocked ? [t('unblock'), () => this.follow('unblock')] : [t('block'), () => this.block(), true],
      [t('rename', { name }), () => renamePerson(this.owner)],
      [t('putAway'), () => this.onClose()],
    ]);
  }
}
