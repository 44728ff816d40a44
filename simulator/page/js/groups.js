/** Group chats: make one, take people in and out, let the account join and leave. */

import { post } from './api.js';
import { avatar, button, el, field } from './dom.js';
import { ask } from './forms.js';
import { t } from './i18n.js';
import { store } from './store.js';
import { attempt, confirmed, toast } from './toast.js';

const LISTED = 100;

/** Check boxes of people; those of `chosen` are ticked. */
function people(chosen) {
  const boxes = [...store.people.values()]
    .slice(0, LISTED)
    .map((person) =>
      el(
        'label',
        { class: 'check' },
        el('input', { type: 'checkbox', name: 'member', value: person.id, checked: chosen(person.id) }),
        person.name,
      ),
    );
  return el('fieldset', {}, el('legend', {}, t('members')), boxes);
}

/** Asks for a name and members; the account is invited at once. `chosen(id)` says who is ticked at first. */
export function addGroup(chosen) {
  const name = el('input', {
    name: 'name',
    required: true,
    maxlength: 60,
    value: t('groupName', { n: store.groups.size + 1 }),
  });
  ask(t('addGroup'), [field(t('name'), name), people(chosen)], t('add'), (data) =>
    attempt(async () => {
      const group = await post('/groups', { name: data.get('name').trim(), members: data.getAll('member') });
      await post(`/groups/${group.id}/join`);
      toast(t('groupMade', { name: group.name }));
    }),
  );
}

function changeMembers(group) {
  ask(group.name, [people((id) => group.members.includes(id))], t('save'), (data) => {
    const chosen = data.getAll('member');
    const add = chosen.filter((id) => !group.members.includes(id));
    const remove = group.members.filter((id) => !chosen.includes(id) && store.people.has(id));
    return attempt(() => post(`/groups/${group.id}/members`, { add, remove }));
  });
}

async function leave(group) {
  if (await confirmed(t('askLeave', { name: group.name }), t('leaveGroup')))
    await attempt(() => post(`/groups/${group.id}/leave`));
}

/** A group's line in the list of people and groups. */
export function groupLine(group) {
  const names = group.members
    .map((id) => store.people.get(id)?.name)
    .filter(Boolean)
    .join(', ');
  const membership =
    group.joined === false
      ? button(t('joinGroup'), () => attempt(() => post(`/groups/${group.id}/join`)))
      : button(t('leaveGroup'), () => leave(group), { class: 'button danger-text' });
  return el(
    'li',
    { class: 'person', dataset: { group: group.id } },
    el(
      'div',
      { class: 'person-main still' },
      avatar(group.name, null),
      el('span', { class: 'person-text' }, el('b', {}, group.name), el('small', {}, names)),
    ),
    el(
      'details',
      { class: 'more' },
      el('summary', { 'aria-label': t('toolsOf', { name: group.name }) }, '⋯'),
      el(
        'div',
        { class: 'more-list' },
        button(t('members'), () => changeMembers(group)),
        membership,
      ),
    ),
  );
}
