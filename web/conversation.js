/** The log of what was said, and the box to write in. */

import { formatClock } from './format.js';

const MOST_ENTRIES = 500;
const NEAR_END_PX = 40;

/** @typedef {'sent' | 'received' | 'system' | 'error'} EntryKind */

const LABELS = { sent: 'You', received: 'Server', system: 'System', error: 'Error' };

export class Conversation {
  #list;
  #form;
  #box;
  #hint;

  /**
   * @param {{list: HTMLElement, form: HTMLFormElement, box: HTMLInputElement,
   *   hint: HTMLElement}} parts
   * @param {(text: string) => boolean} send returns whether it was sent
   */
  constructor({ list, form, box, hint }, send) {
    this.#list = list;
    this.#form = form;
    this.#box = box;
    this.#hint = hint;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = box.value.trim();
      if (!text) return;
      if (send(text)) {
        this.add('sent', text);
        box.value = '';
      } else {
        this.add('error', 'Not sent: the message channel is not open.');
      }
    });
    this.setWritable(false, 'Press Start to write to the server.');
  }

  /** @param {boolean} writable @param {string} hint shown in and under the box */
  setWritable(writable, hint) {
    for (const control of this.#form.elements) control.disabled = !writable;
    this.#hint.textContent = hint;
  }

  /** @param {EntryKind} kind @param {string} text */
  add(kind, text) {
    const body = document.createElement('span');
    body.className = 'text';
    body.textContent = text;
    this.#append(kind, body);
  }

  /** An object of unknown type: its name, and all of it on demand. @param {object} value */
  addObject(value) {
    const details = document.createElement('details');
    const summary = document.createElement('summary');
    summary.textContent = typeof value.type === 'string' ? value.type : 'JSON object';
    const whole = document.createElement('pre');
    whole.textContent = JSON.stringify(value, null, 2).slice(0, 20_000);
    details.className = 'text';
    details.append(summary, whole);
    this.#append('received', details);
  }

  #append(kind, body) {
    const list = this.#list;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END_PX;
    const entry = document.createElement('li');
    entry.className = `entry ${kind}`;
    const time = document.createElement('time');
    time.textContent = formatClock(new Date());
    const label = document.createElement('span');
    label.className = 'who';
    label.textContent = `${LABELS[kind]}: `;
    entry.append(time, label, body);
    list.append(entry);
    while (list.childElementCount > MOST_ENTRIES) list.firstElementChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }
}
