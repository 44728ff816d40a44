/** The foot of a phone: quick replies, the chat bar with its rich menu, the keyboard. */

import { post } from './api.js';
import { button, el, iconButton } from './dom.js';
import { t } from './i18n.js';
import { areaAt, drawMenu } from './menu.js';
import { openChoices } from './sheet.js';
import { store } from './store.js';
import { attempt } from './toast.js';

// These leave LINE or open a picker: the quick replies stay until something is said.
const KEEPS_QUICK = ['uri', 'clipboard', 'datetimepicker'];

export class Bar {
  constructor(phone) {
    this.phone = phone;
    this.typing = false;
    this.open = null;
    this.editing = null;
    this.dismissed = null;
    this.quick = el('div', { class: 'quick', role: 'group' });
    this.line = el('div', { class: 'bar' });
    this.menuPlace = el('div', { class: 'menu-place' });
    this.input = el('textarea', { class: 'typed', rows: '1' });
    this.input.addEventListener('keydown', (event) => this.key(event));
    this.input.addEventListener('input', () => this.grow());
    this.root = el('footer', { class: 'foot' }, this.quick, this.line, this.menuPlace);
  }

  get menu() {
    const person = store.people.get(this.phone.person);
    return this.phone.group || this.phone.pc || !person || person.blocked ? null : person.menu;
  }

  /** A chat is entered anew: the menu stands as it asks for itself, the field is empty. */
  reset() {
    this.typing = false;
    this.open = null;
    this.editing = null;
    this.input.value = '';
  }

  openMenu() {
    this.typing = false;
    this.open = true;
    this.draw();
  }

  closeMenu() {
    this.open = false;
    this.draw();
  }

  /** Shows the keyboard with some words already typed. */
  openKeyboard(words = '') {
    this.typing = true;
    if (words) this.input.value = words;
    this.draw();
    this.grow();
    this.input.focus();
  }

  /** Puts an own text of a group back into the field, to be changed. */
  edit(entry) {
    this.editing = entry.id;
    this.openKeyboard(entry.message.text);
  }

  /** Draws the foot as things stand. */
  draw() {
    const person = store.people.get(this.phone.person);
    const menu = this.menu;
    const facts = JSON.stringify([
      person?.gone,
      person?.blocked,
      this.phone.group,
      this.phone.pc,
      this.typing,
      this.editing,
      menu?.richMenuId,
      menu?.chatBarText,
      menu && this.isOpen(menu),
      document.documentElement.lang,
    ]);
    // Drawing anew would take the focus out of the text field, so only what changed is drawn.
    if (facts !== this.facts) this.line.replaceChildren(...this.lineParts(person));
    this.facts = facts;
    this.drawMenu();
    this.drawQuick();
  }

  lineParts(person) {
    if (!person || person.gone) return [el('p', { class: 'bar-note' }, t('personGone'))];
    if (person.blocked && !this.phone.group) {
      return [button(t('unblockToChat'), () => this.phone.follow('unblock'), { class: 'button primary grow' })];
    }
    if (this.phone.pc && !this.typing) {
      return [
        el('p', { class: 'bar-note' }, t('pcNote')),
        button(t('typeHere'), () => this.openKeyboard(), { class: 'button quiet' }),
      ];
    }
    if (this.menu && !this.typing) return this.menuLine(this.menu);
    return this.keyboardLine();
  }

  menuLine(menu) {
    const opened = this.isOpen(menu);
    const press = () => {
      this.open = !opened;
      this.draw();
      this.line.querySelector('.bar-text').focus();
    };
    const toggle = el(
      'button',
      {
        type: 'button',
        class: 'bar-text',
        'aria-expanded': String(opened),
        on: { click: press },
      },
      el('span', {}, menu.chatBarText),
      el('i', { class: 'caret', 'aria-hidden': 'true' }),
    );
    return [iconButton('keyboard', t('showKeyboard'), () => this.openKeyboard()), toggle];
  }

  keyboardLine() {
    this.input.setAttribute('aria-label', t('typeMessage'));
    this.input.setAttribute('placeholder', this.editing ? t('editing') : t('aa'));
    const showMenu = () => {
      this.openMenu();
      this.line.querySelector('.bar-text')?.focus();
    };
    const back = this.menu && iconButton('menu', t('showMenu'), showMenu);
    const more = this.phone.pc ? null : iconButton('plus', t('attach'), () => this.attach());
    return [
      back,
      more,
      this.input,
      iconButton('send', t('send'), () => this.send(), { class: 'icon-button send' }),
    ].filter(Boolean);
  }

  /** Open or not: as the person left it, else as the menu asks for when the chat is opened. */
  isOpen(menu) {
    return this.open ?? Boolean(menu.selected);
  }

  drawMenu() {
    const menu = this.menu;
    if (!menu || this.typing || !this.isOpen(menu)) {
      this.menuPlace.replaceChildren();
      this.shown = null;
      return;
    }
    const shown = JSON.stringify([menu, document.documentElement.lang]);
    if (shown === this.shown) return;
    const held = this.menuPlace.contains(document.activeElement)
      ? document.activeElement.getBoundingClientRect()
      : null;
    this.shown = shown;
    this.menuPlace.replaceChildren(drawMenu(menu, (action) => this.phone.perform(action)));
    if (held) (areaAt(this.menuPlace, held) || this.menuPlace.querySelector('.area'))?.focus({ preventScroll: true });
    this.phone.chat.toEnd();
  }

  /** Only the newest message's quick replies show, only on phones, and any new message takes them away. */
  drawQuick() {
    const last = (store.chats.get(this.phone.chatId) || []).filter((entry) => entry.from !== 'system').at(-1);
    const items =
      last?.from === 'bot' && !last.unsent && !this.phone.pc && last.id !== this.dismissed
        ? last.message.quickReply?.items || []
        : [];
    const facts = `${items.length ? last.id : ''} ${document.documentElement.lang}`;
    if (facts === this.quickFacts) return;
    this.quickFacts = facts;
    this.quick.setAttribute('aria-label', t('quickReplies'));
    this.quick.hidden = !items.length;
    this.quick.replaceChildren(...items.map((item) => this.quickButton(item, last)));
  }

  quickButton({ imageUrl, action }, entry) {
    const press = async () => {
      if (!KEEPS_QUICK.includes(action.type)) this.dismiss(entry);
      const done = await this.phone.perform(action);
      if (done && action.type === 'datetimepicker') this.dismiss(entry);
    };
    return el(
      'button',
      { type: 'button', class: 'quick-reply', dataset: { action: action.type }, on: { click: press } },
      imageUrl && el('img', { src: imageUrl, alt: '' }),
      el('span', {}, action.label),
    );
  }

  dismiss(entry) {
    this.dismissed = entry.id;
    const held = this.quick.contains(document.activeElement);
    this.drawQuick();
    if (held) this.phone.chat.list.focus();
  }

  grow() {
    this.input.style.height = 'auto';
    this.input.style.height = `${Math.min(this.input.scrollHeight, 96)}px`;
  }

  key(event) {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    }
  }

  async send() {
    const text = this.input.value.trim();
    if (!text) return;
    const path = `/people/${this.phone.person}`;
    const group = this.phone.group ? { group: this.phone.group } : {};
    const { editing } = this;
    const sent = await attempt(() =>
      editing ? post(`${path}/edit`, { messageId: editing, text, ...group }) : post(`${path}/say`, { text, ...group }),
    );
    if (sent === null) return;
    this.input.value = '';
    this.editing = null;
    this.draw();
    this.grow();
    this.input.focus();
  }

  /** A photo from this machine, sent with its bytes so that the bot can fetch them. */
  choosePhoto(say) {
    const input = el('input', { type: 'file', accept: 'image/png,image/jpeg', hidden: true, 'aria-label': t('image') });
    input.addEventListener('change', () => {
      const [file] = input.files;
      input.remove();
      if (!file) return;
      const reader = new FileReader();
      reader.onload = () => say({ type: 'image', contentType: file.type, content: reader.result.split(',')[1] });
      reader.readAsDataURL(file);
    });
    this.root.append(input);
    input.click();
  }

  attach() {
    const say = (message) =>
      attempt(() =>
        post(`/people/${this.phone.person}/say`, {
          message,
          ...(this.phone.group && { group: this.phone.group }),
        }),
      );
    openChoices(this.phone, t('attach'), [
      [t('sticker'), () => say({ type: 'sticker', packageId: '446', stickerId: '1988' })],
      [t('image'), () => this.choosePhoto(say)],
      [
        t('location'),
        () =>
          say({
            type: 'location',
            title: t('placeName'),
            address: t('placeAddress'),
            latitude: 13.7563,
            longitude: 100.5018,
          }),
      ],
    ]);
  }
}
